-- +goose Up
create table town_text_version (
    page text not null check (page in ('terms', 'privacy')),
    number bigint not null check (number > 0),
    body text not null,
    at bigint not null,
    primary key (page, number)
);

create table mail_text (
    template text primary key check (template <> ''),
    subject text not null check (subject <> ''),
    body text not null check (body <> ''),
    closing text not null default '',
    updated_at bigint not null
);

create table town_setup (
    id text primary key check (id = 'town'),
    opened_at bigint not null,
    finished_at bigint not null default 0
);
