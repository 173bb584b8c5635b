-- +goose Up
create table job (
    id text primary key,
    kind text not null,
    args text not null,
    day text check (day is null or length(day) = 10),
    state text not null check (state in ('queued', 'running', 'done', 'failed')),
    attempts bigint not null default 0,
    run_at bigint not null,
    lease_until bigint,
    last_error text not null default '',
    created_at bigint not null,
    done_at bigint
);
create index job_due on job (run_at) where state in ('queued', 'running');
create index job_failed on job (id) where state = 'failed';
create index job_done on job (done_at) where state = 'done';
-- A daily task is a row: whichever instance adds it first, it runs once.
create unique index job_daily on job (kind, day) where day is not null;
