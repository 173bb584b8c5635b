-- +goose Up
-- How a child's days are shared between two homes. One that is asked has no effect before an agent's answer; at most one
-- that stands covers a day.
create table custody (
    id text primary key,
    child text not null references child (person),
    home text not null references family (id),
    other text not null references family (id),
    kind text not null check (kind in ('weeks', 'cycle', 'dates')),
    from_day text not null check (length(from_day) = 10),
    to_day text check (length(to_day) = 10),
    anchor text not null check (length(anchor) = 10),           -- of a cycle: the first day of its first cell
    step integer not null check (step between 0 and 70),        -- of a cycle: days a cell; of weeks: the weekday of the change
    cells text not null,                                        -- of a cycle: A for home, B for other; of dates: all other days
    state text not null check (state in ('asked', 'standing', 'replaced', 'refused', 'withdrawn')),
    asked_home text references family (id),
    asked_by text references person (id),
    asked_at bigint not null,
    decided_at bigint,
    reason text not null default '',
    decision_day text check (length(decision_day) = 10),        -- of a court, date and reference only
    reference text not null default '',
    check (home <> other)
);
create unique index custody_asked on custody (child, asked_home) where state = 'asked';
create index custody_child on custody (child, state);
create index custody_waiting on custody (asked_at, id) where state = 'asked';
create index custody_home on custody (home);
create index custody_other on custody (other);

-- The days that one home has whatever the rhythm says: halves of holidays, or all there is.
create table custody_span (
    custody text not null references custody (id) on delete cascade,
    position integer not null,
    home text not null references family (id),
    from_day text not null check (length(from_day) = 10),
    to_day text not null check (length(to_day) = 10),
    primary key (custody, position)
);
create index custody_span_home on custody_span (home);

-- A day that one home hands over to the other, who takes it or not.
create table custody_day (
    id text primary key,
    child text not null references child (person),
    day text not null check (length(day) = 10),
    giver text not null references family (id),
    taker text not null references family (id),
    state text not null check (state in ('offered', 'accepted', 'declined', 'withdrawn', 'superseded')),
    offered_by text references person (id),
    offered_at bigint not null,
    answered_by text references person (id),
    answered_at bigint,
    check (giver <> taker)
);
create unique index custody_day_offered on custody_day (child, day) where state = 'offered';
create unique index custody_day_accepted on custody_day (child, day) where state = 'accepted';
create index custody_day_taker on custody_day (taker, day);
create index custody_day_giver on custody_day (giver, day);
