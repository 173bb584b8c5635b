-- +goose Up
create table account_passkey (
    id            text   not null primary key,
    account       text   not null references account (id),
    credential_id text   not null unique,          -- the authenticator's name for it, base64url
    public_key    bytea  not null,
    flags         bigint not null,                 -- of the last ceremony: whether it may be copied to other devices
    sign_count    bigint not null,                 -- 0 for ever with keys that do not count
    name          text   not null,                 -- its owner's word for it
    created_at    bigint not null,
    used_at       bigint,
    stopped_at    bigint                           -- set when its counter went back: two copies may exist
);
create index account_passkey_account on account_passkey (account);

create table passkey_challenge (
    holder     text   not null primary key,        -- hash of the browser's cookie, or the session that adds a key
    kind       text   not null check (kind in ('sign-in', 'add')),
    challenge  text   not null,
    name       text   not null default '',         -- of the key being added
    address    text   not null default '',         -- keyed hash of the network address, for signing in
    expires_at bigint not null
);
create index passkey_challenge_expires on passkey_challenge (expires_at);
create index passkey_challenge_address on passkey_challenge (address);
