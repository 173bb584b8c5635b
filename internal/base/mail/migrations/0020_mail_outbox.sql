-- +goose Up
-- Mails to send: written in the verb's transaction as a template's name and ids, rendered at sending.
create table mail_outbox (
    id text primary key,
    template text not null,
    args text not null,
    to_address text not null,
    account text not null,
    bulk boolean not null default false,
    state text not null check (state in ('queued', 'sending', 'sent', 'deferred', 'bounced', 'dropped')),
    attempts bigint not null default 0,
    next_at bigint not null,
    lease_until bigint,
    last_error text not null default '',
    message_id text not null default '',
    created_at bigint not null,
    first_failed_at bigint,
    sent_at bigint
);
create index mail_outbox_due on mail_outbox (bulk, next_at) where state in ('queued', 'deferred', 'sending');
create index mail_outbox_account on mail_outbox (account, id);
create index mail_outbox_done on mail_outbox (created_at) where state in ('sent', 'bounced', 'dropped');

-- The demo's letter box: what would have been sent, as rendered.
create table mail_captured (
    id text primary key,
    at bigint not null,
    message_id text not null,
    to_address text not null,
    subject text not null,
    body_text text not null,
    body_html text not null
);
