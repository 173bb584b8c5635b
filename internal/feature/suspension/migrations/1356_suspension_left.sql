-- +goose Up
-- How many days the last act on a suspension could do nothing about: an agent sees to them.
alter table suspension add column left_days bigint not null default 0;
