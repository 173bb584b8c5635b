-- +goose Up
-- A family's bookings: the undo of an import reads and takes them back family by family.
create index booking_family on booking (family);
