-- +goose Up
-- « Pas besoin »: a child's family answered that it will not book a period of holidays. Booking a day answers too.
-- period bears no foreign key: an agent may drop a period that nobody booked.
create table period_answer (
    child text not null references child (person),
    period text not null check (period <> ''),
    activity text not null references activity (id),
    answered_at bigint not null,
    by_person text not null default '',
    primary key (child, period)
);
create index period_answer_period on period_answer (period);
