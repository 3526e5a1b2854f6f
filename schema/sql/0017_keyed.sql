-- Who was given a data key, apart from the keys. A key that is lost (an older dump of the keys restored beside a newer
-- log) must not be taken for one that was never made: what was sealed under it would read as if it were empty, and a
-- second key would stand in its place when the first comes back.
-- Needs nothing of an older program.
set local role catch_owner;

create table catch.keyed (subject uuid primary key);
insert into catch.keyed select subject from catch.data_keys;
grant select, insert on catch.keyed to catch_app;

create function catch.note_keyed() returns trigger language plpgsql as $$
begin
    insert into catch.keyed select m.subject from made m on conflict do nothing;
    return null;
end
$$;
create trigger keyed after insert on catch.data_keys referencing new table as made
    for each statement execute function catch.note_keyed();
