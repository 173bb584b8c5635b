-- +goose Up
create table counter_act (
    id      text   not null primary key,
    family  text   not null references family (id) on delete cascade,
    person  text   not null references person (id) on delete cascade, -- whom it is about
    did     text   not null check (did in ('contact', 'email', 'member', 'child', 'home', 'place', 'end', 'school')),
    note    text   not null default '',                               -- the agent's own words, for colleagues
    account text   not null default '',                               -- the agent's
    made_at bigint not null
);
create index counter_act_family on counter_act (family, made_at);
create index counter_act_person on counter_act (person);
