-- +goose Up
create table invoice (
    id text primary key,
    number text not null unique check (number <> ''),
    family text not null references family (id),
    period text not null check (length(period) = 7),
    issued_on text not null check (length(issued_on) = 10),
    due_on text not null check (length(due_on) = 10),
    amount bigint not null check (amount >= 0),
    paid bigint not null check (paid >= 0 and paid <= amount),
    state text not null check (state in ('issued', 'cancelled')),
    made_at bigint not null
);
create index invoice_family on invoice (family, due_on);
