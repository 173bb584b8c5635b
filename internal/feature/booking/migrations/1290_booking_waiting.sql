-- +goose Up
-- The slot that a waiting wish waits for; it holds none. Null in every other state.
alter table booking add column wants text references slot (id);
-- The last moment to answer an offer, whose place is held until then.
alter table booking add column offer_until_at bigint;
-- Cells that a family asked to have together or not at all: brothers and sisters, the days of a week.
alter table booking add column together text not null default '';
create index booking_wants on booking (wants) where wants is not null;
create index booking_waiting on booking (day, unit) where state = 'waiting';
create index booking_offered on booking (offer_until_at) where state = 'offered';
-- What the waiting list did, besides what did says: joined, promoted, offered, taken, declined, expired, lapsed, given.
alter table booking_line add column list text not null default ''
    check (list in ('', 'joined', 'promoted', 'offered', 'taken', 'declined', 'expired', 'lapsed', 'given'));
