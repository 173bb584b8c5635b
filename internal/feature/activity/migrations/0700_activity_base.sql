-- +goose Up
create table activity (
    id text primary key,
    service text references service (id),
    name text not null check (name <> ''),
    folded text not null unique,
    state text not null check (state in ('draft', 'open')),
    made_at bigint not null
);

create table unit (
    id text primary key,
    activity text not null references activity (id),
    name text not null default '',
    folded text not null default '',
    weekdays integer not null default 0 check (weekdays between 0 and 127),
    unique (activity, folded)
);

create table activity_site (
    activity text not null references activity (id),
    site text not null references site (id),
    primary key (activity, site)
);
