-- +goose Up
create table invite (
    id          text    not null primary key,
    family      text    not null references family (id) on delete cascade,
    service     text    references service (id),              -- who answers for the family; null: no service knows it
    person      text    references person (id) on delete cascade, -- a co-holder whom the family knows; null: somebody new
    civility    text    not null default '',
    last_name   text    not null default '',
    first_names text    not null default '',
    relation    text    not null default '',
    email       text    not null check (email <> ''),
    typed       boolean not null default false,               -- the address comes from the inviter, not from the town
    by_person   text    references person (id) on delete cascade, -- the holder
    by_agent    text    references account (id),              -- or the agent
    held        boolean not null default false,               -- no mail leaves before an agent has looked
    number      bigint  not null default 1,                   -- of the link: one sent again kills the one before
    token_hash  text    not null unique,
    sends       bigint  not null default 0,
    tries       bigint  not null default 0,                   -- wrong answers on the link's page
    created_at  bigint  not null,
    sent_at     bigint,
    expires_at  bigint  not null,
    opened_at   bigint,
    accepted_at bigint,
    accepted_by text    references account (id),
    outcome     text    not null default '' check (outcome in ('', 'joined', 'pending', 'waiting')),
    terms       text    not null default '',                  -- versions accepted with a new account
    privacy     text    not null default '',
    revoked_at  bigint,
    check ((by_person is null) <> (by_agent is null))
);
create index invite_family on invite (family, created_at);
create index invite_held on invite (created_at) where held = true and revoked_at is null;
create index invite_expires on invite (expires_at) where accepted_at is null;
