-- +goose Up
-- How many of a campaign's minutes are over; a minute's job that runs again after a kill finds that it is.
alter table campaign add column shares bigint not null default 0;
