-- +goose Up
-- The waiting list: a freed place is booked at once ('auto') or offered for some hours ('offer').
alter table activity add column promotion text not null default 'auto' check (promotion in ('auto', 'offer'));
alter table activity add column offer_hours bigint not null default 48 check (offer_hours between 1 and 336);
-- Late cancelling when somebody waits, until so many hours before the start of the day.
alter table activity add column late_free boolean not null default true;
alter table activity add column late_hours bigint not null default 2 check (late_hours between 0 and 72);

-- Whom the waiting list of an activity serves first: qualities in order, then all others.
create table activity_priority (
    activity text not null references activity (id),
    quality text not null references quality (code),
    position bigint not null check (position >= 0),
    primary key (activity, quality)
);

-- waited: somebody may be waiting for this slot, so that who comes now does not pass. Set when a wish joins the list,
-- taken away when nobody is left; who reads it true looks at the bookings.
alter table slot add column waited boolean not null default false;
create index slot_waited on slot (day) where waited = true;
