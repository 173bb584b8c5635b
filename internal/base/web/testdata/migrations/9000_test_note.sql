-- +goose Up
create table note (
    id   text not null primary key,
    word text not null
);
