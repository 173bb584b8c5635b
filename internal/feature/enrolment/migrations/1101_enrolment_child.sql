-- +goose Up
-- The enrolments of a child, ended ones too: without it each writing of a child reads the whole table for its
-- foreign key.
create index enrolment_child on enrolment (child);
