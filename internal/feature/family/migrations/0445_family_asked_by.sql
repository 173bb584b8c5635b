-- +goose Up
-- Whom somebody proposed in a day: each head of a family has a bound of their own.
create index family_member_asked_by on family_member (asked_by, asked_at);
