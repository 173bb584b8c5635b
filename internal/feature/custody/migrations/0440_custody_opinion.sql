-- +goose Up
-- What the home that did not propose a sharing says of it, for the agent who answers: it decides nothing.
alter table custody add column opinion text not null default '' check (opinion in ('', 'agrees', 'disagrees'));
alter table custody add column opinion_note text not null default '';
alter table custody add column opinion_by text references person (id);
alter table custody add column opinion_at bigint;
create index custody_asked_homes on custody (home, other) where state = 'asked';
