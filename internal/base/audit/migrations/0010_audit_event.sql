-- +goose Up
-- Who did what. Rows are written in the verb's transaction; a job seals them into audit_chain within two seconds.
create table audit_event (
    id text primary key,
    at bigint not null,
    kind text not null check (kind in ('change', 'read')),
    actor text not null check (actor in ('anonymous', 'citizen', 'agent', 'system')),
    account text not null,
    person text not null,
    via text not null,
    action text not null,
    object text not null,
    object_id text not null,
    subject text not null,
    detail text not null,
    sealed_at bigint
);
create index audit_event_object on audit_event (object, object_id, id);
create index audit_event_subject on audit_event (subject, id);
create index audit_event_account on audit_event (account, id);
create index audit_event_unsealed on audit_event (id) where sealed_at is null;

-- The chain holds hashes only, so that the contents can be purged and the rest still proven.
create table audit_chain (
    seq bigint primary key,
    event text not null unique,
    at bigint not null,
    content bytea not null,
    hash bytea not null
);

-- One row, locked by whoever seals.
create table audit_head (
    id bigint primary key check (id = 1),
    seq bigint not null,
    hash bytea not null
);
