-- +goose Up
-- An 'open' decision with a place opened no family: it made the newcomer a co-holder of one that the town knows.
alter table decision add column place text not null default '';
