-- Rotation of the key-encryption keys: data keys are wrapped anew where they lie, and a key that wraps none is retired.
-- Needs nothing of an older program: it goes on with the keys that it has. `catch keys rotate` waits until there is none.
set local role catch_owner;

alter table catch.key_encryption_keys add column retired_at timestamptz;
grant update (retired_at) on catch.key_encryption_keys to catch_app;
grant update (wrapped) on catch.data_keys to catch_app;

-- A server that slept through it all must not wrap by a key which nobody keeps any more. To an append it is a conflict,
-- so that the others of its batch are recorded.
create function catch.refuse_retired() returns trigger language plpgsql as $$
declare
    used int;
begin
    select k.line into used from made m join catch.key_encryption_keys k on k.line = get_byte(m.wrapped || '\x00', 0)
    where m.wrapped <> '' and k.retired_at is not null limit 1;
    if used is not null then
        raise unique_violation using message = format('a data key is wrapped by key %s, which was retired', used),
            hint = 'Where it came from a backup, see "Restore" in deploy/README.md.';
    end if;
    return null;
end
$$;
create trigger not_by_retired after insert on catch.data_keys referencing new table as made
    for each statement execute function catch.refuse_retired();
create trigger not_by_retired_anew after update on catch.data_keys referencing new table as made
    for each statement execute function catch.refuse_retired();

-- Which keys each server has, as it says of itself every few seconds. Disposable.
set local role catch_app;

create table catch_read.key_holders (
    holder uuid        primary key,
    knows  bytea[]     not null,  -- the fingerprints of all in its key file
    wraps  bytea       not null,  -- of the one by which it wraps
    beat   timestamptz not null
);
