-- +goose Up
-- What was booked past the deadline: how many times it is, this month and this year.
create index booking_late on booking (child, day) where late = true;
