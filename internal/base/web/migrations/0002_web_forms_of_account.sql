-- +goose Up
-- How many forms of an account were taken lately.
create index idempotency_scope on idempotency (scope, created_at);
