-- The way nearly every batch takes: all of it is recorded, or nothing. On unique_violation the writer asks catch.append,
-- which records the same batch one append at a time. It saves a subtransaction and most of the arrays.
set local role catch_owner;

-- Every append has events, among them one of the stream that its answer speaks of. Answers with the position before the
-- first event: positions stand in a row, because nobody else takes any while the lock is held.
create function catch.append_at_once(
    streams uuid[], versions bigint[], topics text[], states bytea[],
    bases uuid[], base_versions bigint[],
    commands uuid[], answers uuid[], answer_versions bigint[],
    firsts int[], lasts int[]
) returns bigint language plpgsql as $$
declare
    newest bigint;
    before bigint;
begin
    perform pg_advisory_xact_lock(hashtext('catch.append'));  -- before nextval: positions are committed in order
    if cardinality(bases) > 0 and exists (
        select from unnest(bases, base_versions) as base (stream, version)
        where base.version <> coalesce((
            select e.originator_version from catch.stored_events e where e.originator_id = base.stream
            order by e.originator_version desc limit 1), 0)
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
    select a.command, a.stream, a.version, before + a.last, topics[a.first:a.last]
    from unnest(commands, answers, answer_versions, firsts, lasts) as a (command, stream, version, first, last);

    perform pg_notify('catch', newest::text);
    return before;
end
$$;

revoke all on function catch.append_at_once from public;
grant execute on function catch.append_at_once to catch_writer;
