-- +goose Up
-- What an activity says about absences and incidents: versions, never edited, for what is booked from from_day on.
create table absence_rules (
    id text primary key,
    activity text not null references activity (id),
    number bigint not null check (number > 0),
    from_day text not null check (length(from_day) = 10),
    debt boolean not null default false,
    debt_over bigint not null default 0 check (debt_over >= 0),
    quotient text not null default '' check (quotient in ('', 'proof', 'month')),
    made_at bigint not null,
    made_by text not null default '',
    unique (activity, number)
);

-- A reason to be absent, known through the versions by its key.
create table absence_reason (
    rules text not null references absence_rules (id),
    position bigint not null,
    key text not null check (key <> ''),
    label text not null check (label <> ''),
    party text not null check (party in ('family', 'town')),
    medical boolean not null default false,
    proof boolean not null default false,
    tell_kind text not null,
    tell_count bigint not null default 0,
    tell_minute bigint not null default 0 check (tell_minute between 0 and 1439),
    tell_opens bigint not null default 0 check (tell_opens between 0 and 1439),
    bring_kind text not null,
    bring_count bigint not null default 0,
    bring_minute bigint not null default 0 check (bring_minute between 0 and 1439),
    effect text not null check (effect in ('free', 'billed', 'first-billed', 'first-free', 'share')),
    effect_days bigint not null default 0,
    effect_percent bigint not null default 0,
    primary key (rules, position)
);

-- What an incident costs once the family has been warned.
create table absence_incident (
    rules text not null references absence_rules (id),
    kind text not null check (kind in ('unbooked', 'late', 'missing')),
    price text not null check (price in ('none', 'flat', 'unit', 'surcharge', 'percent', 'cost', 'top')),
    amount bigint not null default 0 check (amount >= 0),
    percent bigint not null default 0,
    forgiven bigint not null default 0,
    times bigint not null default 0,
    times_from bigint not null default 0,
    span text not null check (span in ('month', 'period', 'year')),
    after_minute bigint not null default 0 check (after_minute between 0 and 1439),
    tolerance bigint not null default 0,
    primary key (rules, kind)
);

-- A family whose unpaid balance closes no booking, and why.
create table debt_exemption (
    id text primary key,
    family text not null references family (id),
    from_day text not null check (length(from_day) = 10),
    to_day text check (length(to_day) = 10),
    reason text not null check (reason <> ''),
    set_at bigint not null,
    set_by text not null default ''
);
create index debt_exemption_family on debt_exemption (family);

-- What was told at once: one confirmation, under one reference.
create table absence_report (
    reference text primary key check (reference <> ''),
    family text not null references family (id),
    note text not null default '',
    by_person text not null default '',
    by_agent boolean not null default false,
    at bigint not null
);
create index absence_report_family on absence_report (family, at);

-- A child that will not come to an activity on a day: cancelled in time, or absent under the rule kept here.
-- unproved is what is billed of the day without an accepted proof, proved with one, both in percent.
create table absence (
    id text primary key,
    reference text not null references absence_report (reference),
    position bigint not null,
    family text not null references family (id),
    child text not null references child (person),
    activity text not null references activity (id),
    day text not null check (length(day) = 10),
    did text not null check (did in ('cancelled', 'absent')),
    rules text references absence_rules (id),
    reason text not null default '',
    timing text not null default '' check (timing in ('', 'in', 'early', 'late')),
    first_day text not null check (length(first_day) = 10),
    nth bigint not null default 1,
    proof text not null default 'none' check (proof in ('none', 'due', 'received', 'accepted', 'refused')),
    due_at bigint,
    unproved bigint not null default 100,
    proved bigint not null default 100,
    answered_at bigint,
    answer text not null default '',
    withdrawn_at bigint
);
create unique index absence_once on absence (child, activity, day) where did = 'absent' and withdrawn_at is null;
create index absence_family on absence (family, day);
create index absence_child on absence (child, day);
create index absence_reference on absence (reference, position);
create index absence_due on absence (due_at) where proof in ('due', 'received') and withdrawn_at is null;

-- Something that was not as booked. Nothing is charged for what comes before told_day.
create table incident (
    id text primary key,
    kind text not null check (kind in ('unbooked', 'late', 'missing')),
    family text not null references family (id),
    child text not null references child (person),
    activity text not null references activity (id),
    day text not null check (length(day) = 10),
    units bigint not null default 1,
    minute bigint not null default 0 check (minute between 0 and 1439),
    rules text not null references absence_rules (id),
    found_at bigint not null,
    told_at bigint,
    told_day text check (length(told_day) = 10),
    contested_at bigint,
    contest text not null default '',
    answered_at bigint,
    answer text not null default '',
    withdrawn_at bigint
);
create unique index incident_once on incident (child, activity, day, kind);
create index incident_family on incident (family, day);
create index incident_untold on incident (day) where told_at is null and withdrawn_at is null;
create index incident_contested on incident (contested_at) where contested_at is not null and answered_at is null;
