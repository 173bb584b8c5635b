-- +goose Up
create table decision (
    id          text   not null primary key,
    account     text   not null references account (id),
    kind        text   not null check (kind in ('link', 'open', 'correction', 'refuse', 'already', 'again')),
    made_by     text   references account (id),  -- the agent; null: the owner sent the request again
    made_at     bigint not null,
    started_at  bigint not null,                 -- when the promise began to run
    due_at      bigint not null,                 -- what was promised
    person      text   not null references person (id), -- the newcomer's own
    known       text   references person (id),   -- link, already: the person it was linked to
    family      text   references family (id),   -- the family opened
    closed      text   references account (id),  -- link: the unclaimed account that it replaces
    known_email text   not null default '',      -- link: the known person's address before
    filled      text   not null default '',      -- link: what the known person had not and took from the newcomer
    fields      text   not null default '',      -- correction: which details
    message     text   not null default '',      -- what the owner reads
    undone_by   text   references account (id),
    undone_at   bigint,
    undo_reason text   not null default ''
);
create index decision_account on decision (account, made_at);
create index decision_person on decision (person) where undone_at is null and kind = 'link';
create index decision_made on decision (made_at);

create table newcomer (
    account      text    not null primary key references account (id),
    unchecked    boolean not null default false, -- signed up without the security check
    since        bigint,                         -- when the promise runs from; null: the e-mail's confirmation
    taken_by     text    references account (id),
    taken_at     bigint,
    decision     text    references decision (id), -- the last one
    activated_at bigint                          -- set while it stands activated by a decision
);
create index newcomer_activated on newcomer (activated_at) where activated_at is not null;
create index newcomer_taken on newcomer (taken_by) where taken_by is not null;
