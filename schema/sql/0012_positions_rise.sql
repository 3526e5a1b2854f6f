-- A position that does not lie above the end of the log is refused: whoever follows by position would never be told of
-- it. The sequence stands behind the log when a dump was restored without its sequences, or somebody set it back.
set local role catch_owner;

grant select on sequence catch.stored_events_notification_id_seq to catch_writer, catch_reader;

create function catch.refuse_positions_behind() returns trigger language plpgsql as $$
begin
    if (
        select s.last_value - (not s.is_called)::int < coalesce((
            select e.notification_id from catch.stored_events e order by e.notification_id desc limit 1), 0)
        from catch.stored_events_notification_id_seq s
    ) then
        -- A code of its own: as a conflict it would be tried again for ever.
        raise exception using errcode = 'CAT01', message = 'the sequence of positions stands behind the log';
    end if;
    return null;
end
$$;
-- Before anything is inserted, on every way that an append takes, and whatever session_replication_role says.
create trigger positions_rise before insert on catch.stored_events
    for each statement execute function catch.refuse_positions_behind();
alter table catch.stored_events enable always trigger positions_rise;
