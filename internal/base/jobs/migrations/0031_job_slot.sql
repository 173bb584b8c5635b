-- +goose Up
-- A task of several hours a day is a row for each: the day and the hour, AAAA-MM-JJTHH. Its day stays null.
alter table job add column slot text check (slot is null or length(slot) = 13);
create unique index job_slot on job (kind, slot) where slot is not null;
