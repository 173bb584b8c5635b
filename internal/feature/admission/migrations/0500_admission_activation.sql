-- +goose Up
create table activation (
    id          text    not null primary key,
    account     text    not null references account (id),
    by_post     boolean not null default false, -- a printed letter instead of a mail
    token_hash  text    not null unique,
    mail        text    not null default '',    -- of the outbox; '' for a letter
    sent_to     text    not null default '',
    created_at  bigint  not null,
    expires_at  bigint  not null,
    opened_at   bigint,                         -- first look at the link
    replaced_at bigint                          -- a later one was sent
);
create index activation_account on activation (account, created_at);
create unique index activation_live on activation (account) where replaced_at is null;

create table campaign (
    id         text   not null primary key,
    choice     text   not null check (choice in ('jamais', 'tous', 'famille')),
    asked_by   text   not null,
    per_minute bigint not null check (per_minute > 0),
    created_at bigint not null
);

create table campaign_item (
    campaign text not null references campaign (id),
    account  text not null references account (id),
    done_at  bigint,
    primary key (campaign, account)
);
create index campaign_item_waiting on campaign_item (campaign, account) where done_at is null;
create index campaign_item_account on campaign_item (account);
