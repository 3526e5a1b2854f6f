-- The quick ways, for what nearly every append is: one event of the one stream it is about. Either records everything
-- that it is given or nothing: on unique_violation the writer asks catch.append, which goes through it one by one.
-- A call that is assigned costs the server half of what it costs as a statement of its own; hence "done".
set local role catch_owner;

-- One append. Answers with its position, or null: the event that this one follows is not there.
create function catch.append_one(stream uuid, version bigint, topic text, state bytea, command uuid)
returns bigint language plpgsql as $$
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

    insert into catch.stored_events (originator_id, originator_version, topic, state)
    values (stream, version, topic, state) returning notification_id into reached;
    insert into catch.commands (command_id, stream, version, position, events)
    values (command, stream, version, reached, array[topic]);

    done := pg_notify('catch', reached::text);
    return reached;
end
$$;

-- Several, each of a stream of its own. Answers with the position before the first event: positions stand in a row,
-- because nobody else takes any while the lock is held.
create function catch.append_lone(streams uuid[], versions bigint[], topics text[], states bytea[], commands uuid[])
returns bigint language plpgsql as $$
declare
    done text;
    before bigint;
    newest bigint;
begin
    done := pg_advisory_xact_lock(hashtext('catch.append'));  -- before nextval: positions are committed in order
    -- One look into the index for each stream that is not new: is the event there that this one follows?
    if 1 < any (versions) and exists (
        select from unnest(streams, versions) as e (stream, version)
        where e.version > 1 and (
            select f.originator_version from catch.stored_events f
            where f.originator_id = e.stream and f.originator_version = e.version - 1) is null
    ) then
        raise unique_violation using message = 'a stream is not at the version this append rests on';
    end if;

    insert into catch.stored_events (originator_id, originator_version, topic, state)
    select e.stream, e.version, e.topic, e.state
    from unnest(streams, versions, topics, states) with ordinality as e (stream, version, topic, state, n)
    order by e.n;
    newest := lastval();
    before := newest - cardinality(streams);

    insert into catch.commands (command_id, stream, version, position, events)
    select a.command, a.stream, a.version, before + a.n, array[a.topic]
    from unnest(commands, streams, versions, topics) with ordinality as a (command, stream, version, topic, n);

    done := pg_notify('catch', newest::text);
    return before;
end
$$;

revoke all on function catch.append_one, catch.append_lone from public;
grant execute on function catch.append_one, catch.append_lone to catch_writer;

create or replace function catch.tell_stock_followers() returns trigger language plpgsql as $$
declare
    done text;
begin
    done := pg_notify('stored_events', '');
    return null;
end
$$;
