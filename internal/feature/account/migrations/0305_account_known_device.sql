-- +goose Up
create table known_device (
    id         text   not null primary key,       -- what its wrong tries are counted under
    account    text   not null references account (id),
    token_hash text   not null,                    -- of the browser's cookie; several accounts may share a browser
    session    text   not null default '',         -- the last one opened from there: ending it forgets the device
    created_at bigint not null,
    expires_at bigint not null,
    unique (token_hash, account)
);
create index known_device_account on known_device (account);
create index known_device_expires on known_device (expires_at);
