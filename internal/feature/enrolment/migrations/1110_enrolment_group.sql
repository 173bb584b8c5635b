-- +goose Up
-- The group of the activity that the child is in; null lets its school level choose.
alter table enrolment add column grp text references activity_group (id);
