-- One data key a person, wrapped by a key that is not in the database. Without it the log's personal text stays shut.
set local role catch_owner;

create table catch.data_keys (
    subject    uuid        primary key,
    wrapped    bytea       not null,
    created_at timestamptz not null default clock_timestamp()
);

-- Not for readers: who may read the log is not thereby given its keys.
grant select, insert, delete on catch.data_keys to catch_app;
