-- +goose Up
create table town_setting (
    key text primary key,
    value text not null,
    updated_at bigint not null
);

create table service (
    id text primary key,
    code text not null unique check (code <> ''),
    name text not null check (name <> ''),
    phone text not null default '',
    email text not null default '',
    hours text not null default '',
    counter text not null default '',
    position bigint not null default 0,
    active boolean not null default true
);

create table site (
    id text primary key,
    code text not null unique check (code <> ''),
    name text not null check (name <> ''),
    kind text not null check (kind in ('ecole', 'centre', 'autre')),
    address text not null default '',
    phone text not null default '',
    active boolean not null default true
);

create table school_year (
    year bigint primary key,
    from_day text not null check (length(from_day) = 10),
    to_day text not null check (length(to_day) = 10),
    checked boolean not null default false,
    check (from_day <= to_day)
);

create table school_holiday (
    id text primary key,
    name text not null check (name <> ''),
    zone text not null default '' check (zone in ('', 'A', 'B', 'C')),
    from_day text not null check (length(from_day) = 10),
    to_day text not null check (length(to_day) = 10),
    check (from_day <= to_day)
);
create index school_holiday_days on school_holiday (from_day, to_day);

create table closing (
    id text primary key,
    from_day text not null check (length(from_day) = 10),
    to_day text not null check (length(to_day) = 10),
    reason text not null default '',
    service text references service (id),
    check (from_day <= to_day)
);
create index closing_days on closing (from_day, to_day);
