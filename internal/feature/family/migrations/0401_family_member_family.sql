-- +goose Up
-- The members of a family, whatever their state: family_member_once knows the standing ones only.
create index family_member_family on family_member (family, person);
