-- +goose Up
-- One import that wrote something. Nothing is written by one that finds everything already there.
create table import_batch (
    id text primary key,
    source text not null,
    started_at bigint not null,
    finished_at bigint,
    undone_at bigint
);

-- What each line of an old portal became. A key that stands here is never made again.
create table import_source (
    source text not null,
    file text not null,
    code text not null,
    batch text not null references import_batch (id),
    object text not null check (object in ('family', 'person', 'child', 'member', 'enrolment', 'invoice')),
    object_id text not null,
    content bigint not null,
    primary key (source, file, code)
);
create index import_source_batch on import_source (batch, file);

-- At most one row: the import that runs. A dead holder's lease ends by itself.
create table import_lock (
    id bigint primary key check (id = 1),
    holder text not null,
    until_at bigint not null
);
