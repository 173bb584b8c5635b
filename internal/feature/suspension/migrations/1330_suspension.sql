-- +goose Up
-- Days given up at once: places closed, bookings cancelled, families told. A job goes through the families.
create table suspension (
    id text primary key,
    service text not null references service (id),
    from_day text not null check (length(from_day) = 10),
    to_day text not null check (length(to_day) = 10),
    reason text not null check (reason <> ''),
    message text not null default '',
    state text not null check (state in ('closing', 'closed', 'reopening', 'reopened')),
    by_account text not null,
    by_person text not null,
    made_at bigint not null,
    reopened_at bigint,
    reopened_by text not null default ''
);
create index suspension_day on suspension (to_day);

-- What it closes: an activity, at one site or, with none named, wherever it takes place.
create table suspension_scope (
    suspension text not null references suspension (id),
    activity text not null references activity (id),
    site text references site (id)
);
create index suspension_scope_of on suspension_scope (suspension);

-- The slots that it closed itself: only those open again with it. No foreign key: a slot may go with its period.
create table suspension_slot (
    suspension text not null references suspension (id),
    activity text not null references activity (id),
    slot text not null,
    primary key (suspension, slot)
);

-- One confirmation a family: what it cancelled is in its lines of proof.
create table suspension_order (
    reference text primary key,
    suspension text not null references suspension (id),
    days bigint not null,
    given_back bigint
);
create index suspension_order_of on suspension_order (suspension);
