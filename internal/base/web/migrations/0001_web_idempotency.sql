-- +goose Up
create table idempotency (
    id         text   not null primary key,
    key_hash   text   not null unique,
    scope      text   not null, -- account of who sent it; empty without a session
    location   text   not null,
    sentence   text   not null,
    created_at bigint not null
);
create index idempotency_created on idempotency (created_at);
