-- +goose Up
-- A tablet of a place: first a code that waits to be typed, then a token whose hash is kept. No person signs in on it.
create table device (
    id text primary key,
    site text not null references site (id),
    name text not null check (name <> ''),
    pin_hash text not null,
    code_hash text,
    code_until bigint not null,
    token_hash text,
    made_by text not null,
    made_at bigint not null,
    paired_at bigint,
    seen_at bigint,
    revoked_at bigint,
    revoked_why text not null default '',
    pin_failed bigint not null default 0,
    open_until bigint
);
create unique index device_code on device (code_hash) where code_hash is not null;
create unique index device_token on device (token_hash) where token_hash is not null;
create index device_site on device (site);

-- The services whose activities a tablet shows: those of the agent who prepared it, « * » for all.
create table device_service (
    device text not null references device (id),
    service text not null check (service <> ''),
    primary key (device, service)
);

-- What was said of children, added to and never changed; the id is the tablet's own, so that what is sent twice is there once.
create table attendance_mark (
    id text primary key check (length(id) = 36),
    device text references device (id),
    agent text not null default '',
    site text references site (id),
    child text not null references child (person),
    unit text not null references unit (id),
    day text not null check (length(day) = 10),
    kind text not null check (kind in ('present', 'absent', 'left', 'undo', 'unexpected')),
    target text not null default '',
    at bigint not null,
    said_at bigint not null,
    received_at bigint not null,
    collector text references person (id),
    reason text not null default ''
);
create index attendance_mark_child on attendance_mark (child, day, unit);
create index attendance_mark_day on attendance_mark (day, site);

-- What the marks of a child, a day and a unit come to: when it came and left, what attendance said before them and what they wrote there.
create table attendance_stay (
    child text not null references child (person),
    unit text not null references unit (id),
    day text not null check (length(day) = 10),
    site text references site (id),
    before text not null default '',
    wrote text not null default '',
    arrived_at bigint,
    left_at bigint,
    collector text references person (id),
    primary key (child, day, unit)
);
create index attendance_stay_day on attendance_stay (day, site);

-- What an agent has to look at: marks that contradict each other or the bookings, and what families answer.
create table attendance_anomaly (
    id text primary key,
    kind text not null check (kind in ('differ', 'cancelled', 'unenrolled', 'family')),
    child text not null references child (person),
    unit text not null references unit (id),
    day text not null check (length(day) = 10),
    note text not null default '',
    person text references person (id),
    made_at bigint not null,
    closed_at bigint,
    closed_by text not null default '',
    answer text not null default ''
);
create unique index attendance_anomaly_once on attendance_anomaly (child, day, unit, kind) where kind <> 'family';
create unique index attendance_anomaly_said on attendance_anomaly (child, day, unit, person) where kind = 'family';
create index attendance_anomaly_open on attendance_anomaly (made_at) where closed_at is null;
