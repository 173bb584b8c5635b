-- +goose Up
create table booking (
    id text primary key,
    child text not null references child (person),
    unit text not null references unit (id),
    day text not null check (length(day) = 10),
    family text not null references family (id),
    state text not null check (state in ('asked', 'waiting', 'offered', 'booked', 'cancelled', 'refused')),
    made_at bigint not null
);
create unique index booking_once on booking (child, day, unit);
create index booking_unit_day on booking (unit, day);

create table attendance (
    child text not null references child (person),
    unit text not null references unit (id),
    day text not null check (length(day) = 10),
    state text not null check (state in ('present', 'absent', 'excused')),
    noted_at bigint not null,
    primary key (child, day, unit)
);
create index attendance_unit_day on attendance (unit, day);
