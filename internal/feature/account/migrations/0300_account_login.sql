-- +goose Up
create table account (
    id                  text   not null primary key,
    person              text   not null references person (id),
    audience            text   not null check (audience in ('citizen', 'agent')),
    username            text   not null,
    username_folded     text   not null unique,
    email               text   not null default '', -- lower case; where mails about signing in go
    email_confirmed_at  bigint,                     -- null: nobody has answered from that address yet
    password_hash       text   not null default '', -- '' when no password opens it
    password_at         bigint,
    provisional_until   bigint,                     -- set while password_hash is a provisional password's
    provisional_by_post boolean not null default false, -- the printed code also asks for the birth date
    state               text   not null check (state in ('unclaimed', 'unconfirmed', 'waiting', 'active',
                                                         'correction', 'refused', 'suspended', 'closed')),
    totp_secret         bytea,                      -- sealed
    totp_confirmed_at   bigint,                     -- set once a code was given; null: no second factor
    totp_step           bigint not null default 0,  -- last 30-second step used
    signed_in_at        bigint,
    previous_sign_in_at bigint,
    created_at          bigint not null,
    updated_at          bigint not null
);
create unique index account_person on account (person, audience) where state <> 'closed';
create index account_email on account (email) where email <> '';
create index account_state on account (audience, state);

create table account_role (
    account text not null references account (id),
    role    text not null check (role in ('accueil', 'instruction', 'regie', 'animation', 'communication',
                                          'administrateur')),
    service text not null, -- a service's id, or '*' for all
    primary key (account, role, service)
);

create table account_recovery (
    account   text   not null references account (id),
    code_hash text   not null,
    used_at   bigint,
    primary key (account, code_hash)
);

create table session (
    id           text    not null primary key,
    account      text    not null references account (id),
    token_hash   text    not null unique,
    second_at    bigint,                         -- when the second factor was given
    half         boolean not null default false, -- password given, second factor still owed
    device       text    not null default '',
    shared       boolean not null default false, -- « ordinateur partagé »
    created_at   bigint  not null,
    seen_at      bigint  not null,
    idle_seconds bigint  not null,
    expires_at   bigint  not null
);
create index session_account on session (account);
create index session_expires on session (expires_at);

create table account_token (
    id         text   not null primary key,
    account    text   not null references account (id),
    kind       text   not null check (kind in ('password', 'invitation')),
    token_hash text   not null unique,
    created_at bigint not null,
    expires_at bigint not null,
    used_at    bigint
);
create index account_token_account on account_token (account, kind);

create table sign_in_key (
    key     text   not null primary key, -- keyed hash of a name, an account or an address
    seen_at bigint not null
);

create table sign_in_try (
    id     text    not null,
    key    text    not null references sign_in_key (key),
    at     bigint  not null,
    failed boolean not null default false, -- false while the password is being checked
    primary key (key, id)
);
create index sign_in_try_at on sign_in_try (at);
create index sign_in_try_id on sign_in_try (id);
