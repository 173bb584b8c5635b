-- +goose Up
-- « Pas besoin », said by one home of a child for its own days. What period_answer holds was said before homes answered
-- apart, and counts for both.
create table home_answer (
    child text not null references child (person),
    period text not null check (period <> ''),
    family text not null references family (id),
    activity text not null references activity (id),
    answered_at bigint not null,
    by_person text not null default '',
    primary key (child, period, family)
);
create index home_answer_period on home_answer (period);
create index home_answer_family on home_answer (family);
