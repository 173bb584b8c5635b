-- +goose Up
-- What may find somebody again who signs up: name and initial, its consonants, day of birth, address. Made by Keys.
create table person_key (
    key    text not null,
    person text not null references person (id) on delete cascade,
    primary key (key, person)
);
create index person_key_person on person_key (person);
alter table person add column keyed boolean not null default false;
create index person_unkeyed on person (id) where keyed = false;
