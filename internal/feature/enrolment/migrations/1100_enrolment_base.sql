-- +goose Up
create table enrolment (
    id text primary key,
    child text not null references child (person),
    activity text not null references activity (id),
    site text references site (id),
    from_day text not null check (length(from_day) = 10),
    to_day text not null check (length(to_day) = 10),
    state text not null check (state in ('active', 'ended')),
    made_at bigint not null,
    check (from_day <= to_day)
);
create unique index enrolment_once on enrolment (child, activity, from_day) where state = 'active';
create index enrolment_activity on enrolment (activity, site, from_day);
