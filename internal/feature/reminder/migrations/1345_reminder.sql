-- +goose Up
-- When an account is reminded before a last moment; without a row, the evening before.
create table reminder_setting (
    account text primary key references account (id),
    ahead text not null check (ahead in ('none', 'eve', 'two')),
    set_at bigint not null
);

-- What an account was reminded of, once: the Monday of a week, or a period. Those of one notice went in one mail.
create table reminder (
    account text not null references account (id),
    about text not null,
    notice text not null,
    made_at bigint not null,
    primary key (account, about)
);
create index reminder_notice on reminder (notice);

-- « Me prévenir »: who waits for a period to open. No reference to the period, which an agent may take away.
create table opening_watch (
    account text not null references account (id),
    period text not null,
    asked_at bigint not null,
    told_for bigint,
    over_at bigint,
    primary key (account, period)
);
create index opening_watch_live on opening_watch (period) where over_at is null;
