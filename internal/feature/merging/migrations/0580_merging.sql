-- +goose Up
-- Two people, or two families, that an agent found to be one. The names are those of the moment; neither id is a
-- foreign key: who went is no more, who stayed may go in turn.
create table merge (
    id           text   not null primary key,
    kind         text   not null check (kind in ('person', 'family')),
    keep         text   not null,
    gone         text   not null,
    keep_name    text   not null,
    gone_name    text   not null,
    told         text   not null default '', -- what the agent read before confirming, a sentence a line
    made_by      text   references account (id),
    made_at      bigint not null,
    undone_by    text   references account (id),
    undone_at    bigint,
    undo_reason  text   not null default '',
    undo_told    text   not null default '', -- what the undo left as it found it, a sentence a line
    forgotten_at bigint                      -- the rows below are no more: it cannot be undone
);
create unique index merge_once on merge (kind, gone) where undone_at is null;
create index merge_keep on merge (keep);
create index merge_made on merge (made_at, id);
create index merge_kept on merge (made_at) where forgotten_at is null;

-- Each row that a merging changed: which, and what it was. Values are JSON, column by column.
create table merge_row (
    merge  text   not null references merge (id),
    seq    bigint not null,
    tbl    text   not null,
    op     text   not null check (op in ('set', 'drop', 'put')),
    row_key text  not null,
    before text   not null,
    after  text   not null,
    primary key (merge, seq)
);
create index merge_row_key on merge_row (tbl, row_key);
