-- +goose Up
-- Mails sent to an address in a day. It outlives drafts and demands: correcting an address begins no new count.
create table signup_mail (
    email_key text   not null,            -- keyed hash of the address
    day       text   not null check (length(day) = 10),
    sent      bigint not null,
    primary key (email_key, day)
);
create index signup_mail_day on signup_mail (day);

-- Passwords hashed for the drafts of a network in an hour. It outlives drafts: « Annuler » begins no new count.
create table signup_hash (
    network text   not null,              -- keyed hash of the network
    hour    bigint not null,              -- its beginning
    made    bigint not null,
    primary key (network, hour)
);
create index signup_hash_hour on signup_hash (hour);
