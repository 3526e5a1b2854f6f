-- The way of nearly every batch: each append is one event of the one stream it is about. As catch.append_at_once, which
-- also takes appends of several events and several streams, with half the arrays.
--
-- On unique_violation nothing is recorded and the writer asks catch.append. Answers with the position before the first
-- event: positions stand in a row, because nobody else takes any while the lock is held.
set local role catch_owner;

create function catch.append_lone(streams uuid[], versions bigint[], topics text[], states bytea[], commands uuid[])
returns bigint language plpgsql as $$
declare
    newest bigint;
    before bigint;
begin
    perform pg_advisory_xact_lock(hashtext('catch.append'));  -- before nextval: positions are committed in order
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

    perform pg_notify('catch', newest::text);
    return before;
end
$$;

revoke all on function catch.append_lone from public;
grant execute on function catch.append_lone to catch_writer;
