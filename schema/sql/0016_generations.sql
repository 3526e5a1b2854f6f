-- Which log this is, and how often it was begun anew: positions are of one generation. After a restore, or when a standby
-- took over that lacked the last facts, the same position would be given to another fact, and whoever had seen the first
-- would never be told of the second. A new generation's positions begin at the next multiple of 2^40: what lies between
-- the last fact that is still there and this beginning was lost, if it was ever given out.
-- Needs nothing of an older program: to it the gap is a hole like others.
set local role catch_owner;

create table catch.generations (
    number      bigint      primary key,
    log         uuid        not null,            -- the same in all rows
    place       text        not null,            -- see catch.here
    ends        bigint      not null,            -- the last position of the generation before
    begins      bigint      not null,            -- positions of this one lie above
    reason      text        not null,
    recorded_at timestamptz not null default clock_timestamp()
);
grant select on catch.generations to catch_writer, catch_reader;

-- Where the log lies: another one after a dump was restored (another database), after a restore to a point in time or a
-- promotion (another timeline), and in a copy of the whole server's files that was begun anew (another cluster). Null on
-- a standby. A server that was stopped, or crashed, is the same.
create function catch.here() returns text language sql stable as $$
    select case when not pg_is_in_recovery() then (
        select format('%s/%s/%s', c.system_identifier,
            substring(pg_walfile_name(pg_current_wal_insert_lsn()) for 8), d.oid)
        from pg_control_system() c, pg_database d where d.datname = current_database())
    end
$$;

-- Begins the generation behind `seen`, unless somebody has; answers with the present one. A log without facts stays as it
-- is: no position of it was given out.
create function catch.begin_generation(seen bigint, why text) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    present bigint;
    head bigint;
    given bigint;
    next bigint;
begin
    perform pg_advisory_xact_lock(hashtext('catch.append'));  -- nobody is given a position meanwhile
    select g.number into present from catch.generations g order by g.number desc limit 1;
    if present <> seen then
        return present;
    end if;
    select max(e.notification_id) into head from catch.stored_events e;
    if head is null then
        update catch.generations g set log = gen_random_uuid(), place = catch.here() where g.number = present;
        return present;
    end if;
    select s.last_value into given from catch.stored_events_notification_id_seq s;
    next := ((greatest(head, given) >> 40) + 1) << 40;
    if next >= 1::bigint << 52 then
        raise exception 'this log was begun anew too often: positions would not fit into what clients can count';
    end if;
    insert into catch.generations (number, log, place, ends, begins, reason)
    select present + 1, g.log, catch.here(), head, next, why from catch.generations g where g.number = present;
    perform setval('catch.stored_events_notification_id_seq', next, true);
    return present + 1;
end
$$;

insert into catch.generations (number, log, place, ends, begins, reason)
values (1, gen_random_uuid(), catch.here(), 0, 0, 'made');

revoke all on function catch.here, catch.begin_generation from public;
grant execute on function catch.here to catch_writer, catch_reader;
grant execute on function catch.begin_generation to catch_writer;
