-- +goose Up
-- slot: the places it takes; null as long as no agent opened the period (old portal) or no place is taken (asked).
alter table booking add column slot text references slot (id);
-- The bundle it was taken in; null for a unit by itself.
alter table booking add column choice text references choice (id);
-- The last moment to cancel that was promised when it was made: 0 never, null no promise.
alter table booking add column until_at bigint;
alter table booking add column late boolean not null default false;
-- When the family asked to cancel after the deadline, as long as no agent answered.
alter table booking add column cancel_asked_at bigint;
-- The family's word to the service, and the service's to the family.
alter table booking add column note text not null default '';
alter table booking add column reason text not null default '';
alter table booking add column by_agent boolean not null default false;
alter table booking add column changed_at bigint;
-- What agents have to answer.
create index booking_asked on booking (day) where state = 'asked';
create index booking_cancel_asked on booking (day) where cancel_asked_at is not null;
-- Bookings of an open period that hold no place yet.
create index booking_unplaced on booking (unit, day) where slot is null and state = 'booked';

-- Who holds a slot: without it, each slot that a dropped period takes away reads the whole table for its foreign key.
create index booking_slot on booking (slot);

-- A confirmation is what a family or an agent confirmed at once; its lines are the proof of what was asked, when, by
-- whom and under which rule. They live as long as the booking and its invoice must.
create table booking_line (
    reference text not null check (reference <> ''),
    position bigint not null,
    family text not null references family (id),
    child text not null references child (person),
    activity text not null references activity (id),
    day text not null check (length(day) = 10),
    did text not null check (did in ('booked', 'changed', 'cancelled', 'asked', 'cancel_asked', 'accepted', 'refused', 'kept', 'none')),
    was text not null default '',
    became text not null default '',
    late boolean not null default false,
    until_at bigint,
    why text not null default '',
    by_person text not null default '',
    by_agent boolean not null default false,
    at bigint not null,
    primary key (reference, position)
);
create index booking_line_child on booking_line (child, day, at);
create index booking_line_family on booking_line (family, at);
