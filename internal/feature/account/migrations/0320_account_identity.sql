-- +goose Up
create table account_identity (
    provider   text   not null check (provider in ('franceconnect', 'proconnect')),
    idp        text   not null default '', -- ProConnect: whose subject it is
    subject    text   not null check (length(subject) between 1 and 255),
    account    text   not null references account (id),
    created_at bigint not null,
    primary key (provider, idp, subject),
    unique (provider, account)
);
create index account_identity_account on account_identity (account);

create table identity_attempt (
    state_hash   text   not null primary key,
    provider     text   not null check (provider in ('franceconnect', 'proconnect')),
    browser_hash text   not null,            -- of the cookie of the browser that left
    nonce        text   not null,
    suite        text   not null default '', -- the page that was asked for
    address      text   not null,            -- keyed hash of the network address, to count
    created_at   bigint not null,
    expires_at   bigint not null,
    used_at      bigint,                     -- when an answer came back, right or wrong
    proved_at    bigint,                     -- when it was right, and nobody's yet
    identity     bytea                       -- sealed: who the provider says it is
);
create index identity_attempt_expires on identity_attempt (expires_at);
create index identity_attempt_address on identity_attempt (address);
create index identity_attempt_browser on identity_attempt (browser_hash);

alter table session add column provider text not null default ''; -- that opened it, "" for a password
alter table session add column id_token bytea;                    -- sealed: what the provider's sign-out asks for
