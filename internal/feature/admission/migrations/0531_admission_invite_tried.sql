-- +goose Up
alter table invite add column tried text not null default '';            -- keyed hash of the last answer on the link's page
alter table invite add column vouched boolean not null default false;    -- the agent who typed the address may give addresses
