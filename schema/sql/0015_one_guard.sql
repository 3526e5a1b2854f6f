-- What an append costs the server besides its rows: one guard instead of two, and no query where a condition is enough
-- (a condition that holds a query is run as one, whatever stands before its "and").
set local role catch_owner;

-- Refuses where the next position would not lie above the end of the log, and tells stock followers. Before anything is
-- inserted: a position that is there already would be taken for a conflict.
create or replace function catch.refuse_positions_behind() returns trigger language plpgsql as $$
declare
    done text;
    reached bigint;
begin
    reached := pg_sequence_last_value('catch.stored_events_notification_id_seq'::regclass);
    if reached is null then  -- none was handed out since the sequence was made or set
        select s.last_value - 1 into reached from catch.stored_events_notification_id_seq s;
    end if;
    -- Ordered and limited, so that it is looked up in the index whatever the planner thinks of the log's length.
    perform from catch.stored_events e where e.notification_id > reached order by e.notification_id limit 1;
    if found then
        -- A code of its own: as a conflict it would be tried again for ever.
        raise exception using errcode = 'CAT01', message = 'the sequence of positions stands behind the log';
    end if;
    done := pg_notify('stored_events', '');
    return null;
end
$$;
drop trigger tell_stock_followers on catch.stored_events;
drop function catch.tell_stock_followers();

-- As they were, but for their conditions.
create or replace function catch.append_one(
    stream uuid, version bigint, topic text, state bytea, command uuid, digest bytea,
    bases uuid[], base_versions bigint[]
) returns bigint language plpgsql as $$
declare
    done text;
    reached bigint;
begin
    done := pg_advisory_xact_lock(hashtext('catch.append'));  -- before nextval: positions are committed in order
    if version > 1 then
        select e.notification_id into reached from catch.stored_events e
        where e.originator_id = stream and e.originator_version = version - 1;
        if reached is null then
            return null;
        end if;
    end if;
    if cardinality(bases) > 0 then
        if exists (
            select from unnest(bases, base_versions) as base (stream, version)
            where base.version <> coalesce((
                select e.originator_version from catch.stored_events e where e.originator_id = base.stream
                order by e.originator_version desc limit 1), 0)
        ) then
            return null;
        end if;
    end if;

    insert into catch.stored_events (originator_id, originator_version, topic, state)
    values (stream, version, topic, state) returning notification_id into reached;
    insert into catch.commands (command_id, stream, version, position, events, digest)
    values (command, stream, version, reached, array[topic], digest);

    done := pg_notify('catch', reached::text);
    return reached;
end
$$;

create or replace function catch.append_lone(
    streams uuid[], versions bigint[], topics text[], states bytea[], commands uuid[], digests bytea[],
    bases uuid[], base_versions bigint[]
) returns bigint language plpgsql as $$
declare
    done text;
    before bigint;
    newest bigint;
begin
    done := pg_advisory_xact_lock(hashtext('catch.append'));  -- before nextval: positions are committed in order
    -- One look into the index for each stream that is not new: is the event there that this one follows?
    if 1 < any (versions) then
        if exists (
            select from unnest(streams, versions) as e (stream, version)
            where e.version > 1 and (
                select f.originator_version from catch.stored_events f
                where f.originator_id = e.stream and f.originator_version = e.version - 1) is null
        ) then
            raise unique_violation using message = 'a stream is not at the version this append rests on';
        end if;
    end if;
    if cardinality(bases) > 0 then
        if exists (
            select from unnest(bases, base_versions) as base (stream, version)
            where base.version <> coalesce((
                select e.originator_version from catch.stored_events e where e.originator_id = base.stream
                order by e.originator_version desc limit 1), 0)
        ) then
            raise unique_violation using message = 'a stream is not at the version this append rests on';
        end if;
    end if;

    insert into catch.stored_events (originator_id, originator_version, topic, state)
    select e.stream, e.version, e.topic, e.state
    from unnest(streams, versions, topics, states) with ordinality as e (stream, version, topic, state, n)
    order by e.n;
    newest := lastval();
    before := newest - cardinality(streams);

    insert into catch.commands (command_id, stream, version, position, events, digest)
    select a.command, a.stream, a.version, before + a.n, array[a.topic], a.digest
    from unnest(commands, streams, versions, topics, digests)
        with ordinality as a (command, stream, version, topic, digest, n);

    done := pg_notify('catch', newest::text);
    return before;
end
$$;
