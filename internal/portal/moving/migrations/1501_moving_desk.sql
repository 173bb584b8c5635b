-- +goose Up
-- What an agent sent to be imported, and how far it is. The files lie sealed under the ids in import_file.
create table import_upload (
    id text primary key,
    state text not null check (state in ('read', 'checking', 'checked', 'importing', 'done', 'failed')),
    made_by text not null,
    made_at bigint not null,
    started_at bigint,
    ended_at bigint,
    batch text,
    done bigint not null default 0,
    total bigint not null default 0,
    faults bigint not null default 0,
    followers bigint not null default 0,
    doubts bigint not null default 0,
    report text not null default '',
    message text not null default ''
);
create index import_upload_made on import_upload (made_at);

create table import_file (
    upload text not null references import_upload (id),
    place bigint not null,
    name text not null,
    kept text not null,
    head text not null,
    size bigint not null,
    separator text not null,
    taken_as text not null,
    primary key (upload, place)
);

-- The headers of a file in their order, each with the column it is taken for, '' for none.
create table import_column (
    upload text not null,
    file bigint not null,
    place bigint not null,
    heading text not null,
    taken_as text not null,
    primary key (upload, file, place),
    foreign key (upload, file) references import_file (upload, place)
);

-- What agents said of a header once: it is proposed the next time.
create table import_heading (
    file text not null,
    heading text not null,
    taken_as text not null,
    primary key (file, heading)
);

-- Of a dry run or an import: lines taken of each sort, and how many of them are new.
create table import_count (
    upload text not null references import_upload (id),
    sort text not null,
    taken bigint not null,
    made bigint not null,
    primary key (upload, sort)
);

-- The undoing of a batch: first only tried, to tell what would be kept and why, then done.
create table import_undo (
    batch text primary key references import_batch (id),
    state text not null check (state in ('trying', 'tried', 'undoing', 'done')),
    asked_by text not null,
    asked_at bigint not null,
    ended_at bigint,
    done bigint not null default 0,
    total bigint not null default 0,
    families bigint not null default 0,
    kept bigint not null default 0,
    reasons text not null default '',
    message text not null default ''
);
