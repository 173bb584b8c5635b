-- +goose Up
-- What people write to the town from the contact form. account and person are of whoever was signed in, '' for
-- visitors; no foreign key: a message outlives an account that is removed. proof says what stood against robots.
create table contact_message (
    id text primary key,
    reference text not null unique,
    service text references service (id),
    account text not null,
    person text not null,
    name text not null check (name <> ''),
    folded text not null,
    email text not null,
    phone text not null,
    body text not null check (body <> ''),
    proof text not null check (proof in ('session', 'check', 'none')),
    state text not null check (state in ('received', 'taken', 'answered', 'filed')),
    handler text not null default '',
    answer text not null default '',
    reason text not null default '',
    created_at bigint not null,
    taken_at bigint,
    done_at bigint,
    check (email <> '' or phone <> ''),
    check (state not in ('answered', 'filed') or done_at is not null),
    check (state <> 'answered' or answer <> ''),
    check (state <> 'filed' or reason <> '')
);
create index contact_message_open on contact_message (created_at, id) where state in ('received', 'taken');
create index contact_message_done on contact_message (done_at, id) where state in ('answered', 'filed');
create index contact_message_account on contact_message (account, id) where account <> '';

-- How many messages one sender sent on one day; key is a keyed hash of the network address, account or e-mail.
create table contact_count (
    key text primary key,
    day text not null check (length(day) = 10),
    sent bigint not null
);
