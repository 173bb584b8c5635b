-- +goose Up
-- The private address at which a citizen's own calendar reads its children's bookings. Only the address's hash is kept.
create table feed (
    id text primary key,
    account text not null references account (id),
    token_hash text not null unique,
    names text not null check (names in ('first', 'initials')),
    made_at bigint not null,
    revoked_at bigint,
    last_read_at bigint
);
-- One address at a time.
create unique index feed_live on feed (account) where revoked_at is null;
