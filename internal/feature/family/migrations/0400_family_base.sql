-- +goose Up
create table family (
    id text primary key,
    situation text not null default '',
    made_at bigint not null
);

create table family_service (
    family text not null references family (id),
    service text not null references service (id),
    primary key (family, service)
);
create index family_service_service on family_service (service, family);

create table family_member (
    id text primary key,
    family text not null references family (id),
    person text not null references person (id),
    role text not null check (role in ('holder', 'coholder', 'member', 'contact')),
    relation text not null default '',
    may_collect boolean not null default false,
    service text references service (id),
    state text not null check (state in ('pending', 'approved', 'refused', 'withdrawn')),
    from_day text not null check (length(from_day) = 10),
    to_day text check (length(to_day) = 10),
    asked_by text references person (id),
    asked_at bigint,
    decided_at bigint,
    reason text not null default ''
);
create unique index family_member_once on family_member (family, person)
    where to_day is null and state in ('pending', 'approved');
create index family_member_person on family_member (person, family);
create index family_member_pending on family_member (asked_at, id) where state = 'pending';

create table child (
    person text primary key references person (id),
    school text references site (id),
    level text not null default '',
    class text not null default '',
    shared_custody boolean not null default false
);

create table health (
    child text primary key references child (person),
    diet text not null default '',
    allergies text not null default '',
    pai boolean not null default false,
    noted_at bigint not null
);

create table restriction (
    id text primary key,
    person text not null references person (id),
    child text not null references child (person),
    from_day text not null check (length(from_day) = 10),
    lifted_day text check (length(lifted_day) = 10),
    decided_on text not null check (length(decided_on) = 10),
    reference text not null check (reference <> ''),
    set_at bigint not null
);
create index restriction_person on restriction (person, child);
create index restriction_child on restriction (child);
