-- Which key-encryption keys are this place's, by fingerprints that tell nothing of the keys: with another key nothing
-- could be read, people would not be found again, and what was sealed with it nobody else could read.
set local role catch_owner;

create table catch.key_encryption_keys (
    line        int         primary key,  -- in the key file, from 1
    fingerprint bytea       not null unique,
    recorded_at timestamptz not null default clock_timestamp()
);

grant select, insert on catch.key_encryption_keys to catch_app;
