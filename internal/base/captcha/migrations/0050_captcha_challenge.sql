-- +goose Up
create table captcha_challenge (
    id text primary key,
    token_hash text not null unique,
    purpose text not null,
    scope text not null,
    state text not null check (state in ('open', 'passed', 'failed', 'spent')),
    sealed bytea not null,
    form_key text not null default '',
    uses bigint not null default 0,
    drawn_at bigint not null,
    expires_at bigint not null
);
create index captcha_challenge_expires on captcha_challenge (expires_at);

create table captcha_count (
    key text primary key,
    wrong bigint not null default 0,
    passed bigint not null default 0,
    started_at bigint not null,
    last_at bigint not null
);
create index captcha_count_started on captcha_count (started_at);
