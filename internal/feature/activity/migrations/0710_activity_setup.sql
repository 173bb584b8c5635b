-- +goose Up
alter table activity add column description text not null default '';
alter table activity add column term text not null default 'term' check (term in ('term', 'holidays', 'both'));
alter table activity add column residents_only boolean not null default false;
alter table activity add column whole_weeks boolean not null default false;
alter table activity add column min_days bigint not null default 0 check (min_days between 0 and 7);
alter table activity add column max_days bigint not null default 0 check (max_days between 0 and 7);
alter table activity add column age_from bigint not null default 0 check (age_from between 0 and 99);
alter table activity add column age_to bigint not null default 0 check (age_to between 0 and 99);
alter table activity add column levels text not null default '';
alter table activity add column pay_at_once boolean not null default false;

-- Hours are minutes of the day, 0 to 0 when not known. alone: a family may take this unit by itself.
alter table unit add column from_minute bigint not null default 0 check (from_minute between 0 and 1439);
alter table unit add column to_minute bigint not null default 0 check (to_minute between 0 and 1439);
alter table unit add column meal boolean not null default false;
alter table unit add column alone boolean not null default true;
alter table unit add column position bigint not null default 0;
-- The unit, of any activity, that a child must also have that day: the snack needs the evening care.
alter table unit add column needs text references unit (id);

-- A bundle of units that families take together: « Journée », « Matin et repas ».
create table choice (
    id text primary key,
    activity text not null references activity (id),
    name text not null check (name <> ''),
    folded text not null,
    position bigint not null default 0,
    unique (activity, folded)
);

create table choice_unit (
    choice text not null references choice (id) on delete cascade,
    unit text not null references unit (id),
    primary key (choice, unit)
);

-- Two units that a child cannot have on one day, each pair once, the lesser id first.
create table unit_exclusion (
    unit text not null references unit (id),
    other text not null references unit (id),
    primary key (unit, other),
    check (unit < other)
);

alter table activity_site add column capacity bigint check (capacity >= 0);

create table activity_group (
    id text primary key,
    activity text not null references activity (id),
    site text not null references site (id),
    name text not null check (name <> ''),
    folded text not null,
    levels text not null default '',
    capacity bigint check (capacity >= 0),
    unique (activity, site, folded)
);

create table activity_paper (
    activity text not null references activity (id),
    name text not null check (name <> ''),
    position bigint not null default 0,
    primary key (activity, name)
);

create table period (
    id text primary key,
    activity text not null references activity (id),
    name text not null check (name <> ''),
    from_day text not null check (length(from_day) = 10),
    to_day text not null check (length(to_day) = 10),
    state text not null check (state in ('draft', 'open')),
    made_at bigint not null,
    check (from_day <= to_day)
);
create index period_activity on period (activity, from_day);

-- The places of a unit on a day at a site, of a group or of all. The checks hold whatever the code does.
create table slot (
    id text primary key,
    unit text not null references unit (id),
    site text not null references site (id),
    grp text references activity_group (id),
    day text not null check (length(day) = 10),
    taken bigint not null default 0 check (taken >= 0),
    capacity bigint check (capacity >= 0),
    state text not null default 'open' check (state in ('open', 'closed')),
    reason text not null default '',
    check (capacity is null or taken <= capacity)
);
create unique index slot_site on slot (unit, day, site) where grp is null;
create unique index slot_group on slot (unit, day, site, grp) where grp is not null;
create index slot_day on slot (day, unit);

create table policy (
    id text primary key,
    activity text not null references activity (id),
    number bigint not null check (number > 0),
    from_day text not null check (length(from_day) = 10),
    after_kind text not null check (after_kind in ('refuse', 'surcharge', 'request')),
    after_percent bigint not null default 0,
    after_flat bigint not null default 0,
    after_full boolean not null default false,
    after_first bigint not null default 0,
    after_forgiven bigint not null default 0,
    after_label text not null default '',
    made_at bigint not null,
    made_by text not null default '',
    unique (activity, number)
);

create table deadline_rule (
    policy text not null references policy (id),
    position bigint not null,
    action text not null check (action in ('open', 'book', 'change', 'cancel', 'late')),
    quality text not null default '',
    anchor text not null check (anchor in ('none', 'never', 'day', 'week', 'table', 'period', 'dates')),
    count bigint not null default 0,
    measure text not null default '',
    basis text not null default '',
    weekday bigint not null default 0 check (weekday between 0 and 6),
    on_day boolean not null default false,
    minute bigint not null default 0 check (minute between 0 and 1439),
    holiday text not null default '',
    closed text not null default '',
    primary key (policy, position)
);

-- The lines of a rule's table: by weekday (weekday, on_weekday, back) or by dates (from_day, to_day, on_day).
create table deadline_row (
    policy text not null references policy (id),
    rule bigint not null,
    position bigint not null,
    weekday bigint not null default 0,
    on_weekday bigint not null default 0,
    back bigint not null default 0,
    from_day text,
    to_day text,
    on_day text,
    minute bigint not null check (minute between 0 and 1439),
    primary key (policy, rule, position)
);

-- What a town asks of a family to give it other deadlines or an earlier opening: « Résident », « Deux parents qui
-- travaillent ». Set by an agent who saw the proof.
create table quality (
    code text primary key check (code <> ''),
    name text not null check (name <> ''),
    position bigint not null default 0
);

create table family_quality (
    family text not null references family (id),
    quality text not null references quality (code),
    from_day text not null check (length(from_day) = 10),
    to_day text check (length(to_day) = 10),
    proof text not null default '',
    set_at bigint not null,
    primary key (family, quality, from_day)
);
