-- +goose Up
-- The journal that agents read: by period, and by kind of act, latest first.
create index audit_event_at on audit_event (at, id);
create index audit_event_action on audit_event (action, at, id);
