-- +goose Up
-- What somebody offered and proposed in a day: each head of a home has bounds of their own.
create index custody_day_person on custody_day (offered_by, offered_at);
create index custody_person on custody (asked_by, asked_at);
