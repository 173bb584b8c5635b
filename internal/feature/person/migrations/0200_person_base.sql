-- +goose Up
create table person (
    id text primary key,
    civility text not null default '' check (civility in ('', 'madame', 'monsieur')),
    last_name text not null,
    birth_name text not null default '',
    first_names text not null,
    folded text not null,
    birth_day text check (length(birth_day) = 10),
    birth_country text not null default '',
    birth_department text not null default '',
    birth_place text not null default '',
    email text not null default '',
    phone text not null default '',
    mobile text not null default '',
    fax text not null default '',
    preferred text not null default '' check (preferred in ('', 'courriel', 'mobile', 'telephone', 'courrier')),
    address_number text not null default '',
    address_street text not null default '',
    address_building text not null default '',
    address_flat text not null default '',
    address_complement text not null default '',
    address_post_code text not null default '',
    address_city text not null default '',
    address_country text not null default '',
    photo text,
    photo_at bigint,
    created_at bigint not null,
    updated_at bigint not null,
    check (last_name <> '' or first_names <> '')
);
create index person_folded on person (folded, id);
create index person_email on person (email) where email <> '';
create index person_phone on person (phone) where phone <> '';
create index person_mobile on person (mobile) where mobile <> '';

create table person_email_change (
    id text primary key,
    person text not null references person (id),
    email text not null check (email <> ''),
    token_hash text not null unique,
    created_at bigint not null,
    expires_at bigint not null,
    confirmed_at bigint,
    ended_at bigint
);
create unique index person_email_change_live on person_email_change (person) where ended_at is null;
