-- +goose Up
-- When somebody told that the child will not come; null: nobody did. The booking stays in force.
alter table booking add column absence_at bigint;
