-- +goose Up
-- A part of an activity alone, and a group alone; none named: all of them.
alter table suspension_scope add column unit text references unit (id);
alter table suspension_scope add column grp text references activity_group (id);
