-- +goose Up
-- When the next mail of a class may leave: one row a class, so that restarts and further instances share one rate.
create table mail_pace (
    class text primary key,
    next_at bigint not null
);
