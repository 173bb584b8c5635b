-- +goose Up
-- What a visitor typed so far, sealed, under a random cookie of which only the hash is here.
create table signup_draft (
    id            text   not null primary key,
    token_hash    text   not null unique,
    previous_hash text   not null default '', -- the cookie before: an answer may have been lost on its way
    browser       text   not null,            -- keyed hash of the sort of browser it was given to
    address       text   not null,            -- keyed hash of the network address, to bound hashing
    hashes        bigint not null default 0,  -- passwords hashed for this draft
    sealed        bytea  not null,
    photo         bytea,                      -- sealed too
    created_at    bigint not null,
    expires_at    bigint not null
);
create index signup_draft_previous on signup_draft (previous_hash) where previous_hash <> '';
create index signup_draft_expires on signup_draft (expires_at);
create index signup_draft_address on signup_draft (address, created_at);

-- A demand that was sent: unconfirmed until its link is answered.
create table signup (
    id            text   not null primary key,
    reference     text   not null unique,
    account       text   not null references account (id),
    wished        text   not null,            -- the identifier asked for, '' once the account has one
    email_key     text   not null,            -- keyed hash of the address, to bound its mails
    token_hash    text   not null unique,     -- of the confirmation link
    received_hash text   not null unique,     -- of the cookie that shows « Demande reçue »
    browser       text   not null,
    snapshot      bytea,                      -- what was typed, sealed, for one day
    mails         bigint not null default 0,
    mailed_at     bigint not null,
    tries         bigint not null default 0,  -- identifiers tried from the mail's page
    created_at    bigint not null,
    expires_at    bigint not null,
    confirmed_at  bigint
);
create index signup_account on signup (account);
create index signup_email on signup (email_key, created_at);
create index signup_waiting on signup (expires_at) where confirmed_at is null;
create index signup_snapshot on signup (created_at) where snapshot is not null;

create table signup_consent (
    account     text   not null references account (id),
    document    text   not null check (document in ('terms', 'privacy')),
    version     text   not null,
    accepted_at bigint not null,
    primary key (account, document, version)
);
