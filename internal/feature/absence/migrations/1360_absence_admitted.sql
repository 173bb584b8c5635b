-- +goose Up
-- When a family said that an incident is exact: nothing more waits for it.
alter table incident add column admitted_at bigint;
