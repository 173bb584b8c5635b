-- +goose Up
create table quotient (
    id text primary key,
    family text not null references family (id),
    value integer not null check (value >= 0),
    from_day text not null check (length(from_day) = 10),
    made_at bigint not null,
    unique (family, from_day)
);
