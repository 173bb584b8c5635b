-- +goose Up
create table news (
    id text primary key,
    title text not null check (title <> ''),
    extract text not null,
    body text not null,
    service text references service (id),
    state text not null check (state in ('draft', 'published', 'withdrawn')),
    published_day text check (length(published_day) = 10),
    created_at bigint not null,
    updated_at bigint not null,
    check (state = 'draft' or published_day is not null)
);
create index news_published on news (published_day, id) where state = 'published';
