-- +goose Up
-- What somebody reported in a day: each head of a family has a bound of their own.
create index absence_report_person on absence_report (by_person, at);
