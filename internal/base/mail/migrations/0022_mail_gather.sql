-- +goose Up
-- Mails of one key that wait for their hour are one: what each told is a part of it.
alter table mail_outbox add column fold text not null default '';
alter table mail_outbox add column parts text not null default '';
-- The one that others join, until a worker takes it.
create unique index mail_outbox_fold on mail_outbox (fold) where fold <> '' and state = 'queued' and attempts = 0;
-- How many of a key there were.
create index mail_outbox_folded on mail_outbox (fold, created_at) where fold <> '';
