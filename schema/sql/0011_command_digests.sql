-- A command id stands for one command: `digest` is a keyed hash of who asked for what, so that a repeated id can be told
-- from one that was used for something else. Rows from before have none, and are taken for something else.
-- An append carries the data keys that its events are the first to need: a refused command leaves none behind. It may
-- also rest on streams that it does not write, on the quick ways too.
set local role catch_owner;

alter table catch.commands add column digest bytea;

drop function catch.append_one(uuid, bigint, text, bytea, uuid);
drop function catch.append_lone(uuid[], bigint[], text[], bytea[], uuid[]);
drop function catch.append_at_once(
    uuid[], bigint[], text[], bytea[], uuid[], bigint[], uuid[], uuid[], bigint[], int[], int[]);
drop function catch.append(
    uuid[], bigint[], text[], bytea[], uuid[], bigint[], uuid[], uuid[], bigint[], int[], int[], int[], int[]);
drop function catch.record(
    uuid[], bigint[], text[], bytea[], uuid[], bigint[], uuid[], uuid[], bigint[], int[], int[]);

-- Records appends whole or raises unique_violation. The caller holds the lock.
create function catch.record(
    streams uuid[], versions bigint[], topics text[], states bytea[],  -- one element an event, in order
    bases uuid[], base_versions bigint[],                             -- streams that must still be at this version
    commands uuid[], answers uuid[], answer_versions bigint[],        -- one element an append; a null version is looked up
    firsts int[], lasts int[],                                        -- where each append's events begin and end
    digests bytea[],                                                  -- one element an append
    subjects uuid[], keys bytea[],                                    -- data keys to be kept with them
    out positions bigint[], out answered bigint[]
) language plpgsql as $$
declare
    ids bigint[];
    head bigint;
begin
    -- One look into the index for each stream. Never a join: its plan turns into a scan of the log as the log grows.
    if cardinality(bases) > 0 and exists (
        select from unnest(bases, base_versions) as base (stream, version)
        where base.version <> coalesce((
            select e.originator_version from catch.stored_events e where e.originator_id = base.stream
            order by e.originator_version desc limit 1), 0)
    ) then
        raise unique_violation using message = 'a stream is not at the version this append rests on';
    end if;

    if cardinality(streams) > 0 then
        with inserted as (
            insert into catch.stored_events (originator_id, originator_version, topic, state)
            select e.stream, e.version, e.topic, e.state
            from unnest(streams, versions, topics, states) with ordinality as e (stream, version, topic, state, n)
            order by e.n
            returning notification_id
        )
        select array_agg(notification_id order by notification_id) into ids from inserted;
    end if;
    if lasts[1] = 0 then  -- an append without events comes first: its answer speaks of the log as it was
        select coalesce(max(notification_id), 0) into head from catch.stored_events
        where ids is null or notification_id < ids[1];
    end if;
    positions := array(
        select coalesce(ids[a.last], head) from unnest(lasts) with ordinality as a (last, n) order by a.n);

    answered := answer_versions;
    if array_position(answered, null) is not null then
        for k in 1 .. cardinality(answered) loop
            answered[k] := coalesce(answered[k], (
                select max(e.originator_version) from catch.stored_events e where e.originator_id = answers[k]), 0);
        end loop;
    end if;

    insert into catch.commands (command_id, stream, version, position, events, digest)
    select a.command, a.stream, a.version, a.position, topics[a.first:a.last], a.digest
    from unnest(commands, answers, answered, positions, firsts, lasts, digests)
        as a (command, stream, version, position, first, last, digest);

    if cardinality(subjects) > 0 then  -- whoever is first makes a subject's key; the other seals again
        insert into catch.data_keys (subject, wrapped) select k.subject, k.wrapped
        from unnest(subjects, keys) as k (subject, wrapped);
    end if;
end
$$;

-- Answers one element an append: recorded, repeated (see catch.commands) or conflict.
create function catch.append(
    streams uuid[], versions bigint[], topics text[], states bytea[],
    bases uuid[], base_versions bigint[],
    commands uuid[], answers uuid[], answer_versions bigint[],
    firsts int[], lasts int[], digests bytea[],
    base_firsts int[], base_lasts int[],
    subjects uuid[], keys bytea[], key_firsts int[], key_lasts int[],
    out outcomes text[], out positions bigint[], out answered bigint[]
) language plpgsql as $$
declare
    newest bigint;
    reached bigint;
begin
    perform pg_advisory_xact_lock(hashtext('catch.append'));  -- before nextval: positions are committed in order
    begin
        select r.positions, r.answered into positions, answered
        from catch.record(streams, versions, topics, states, bases, base_versions,
                          commands, answers, answer_versions, firsts, lasts,
                          digests, subjects, keys) r;
        outcomes := array_fill('recorded'::text, array[cardinality(commands)]);
        newest := positions[cardinality(positions)];
    exception when unique_violation then
        outcomes := null; positions := null; answered := null;
    end;

    if outcomes is null then  -- somebody conflicts or repeats: each append alone, in a block of its own
        for k in 1 .. cardinality(commands) loop
            if exists (select from catch.commands c where c.command_id = commands[k]) then
                outcomes[k] := 'repeated';
                positions[k] := null; answered[k] := null;
                continue;
            end if;
            begin
                select r.positions[1], r.answered[1] into newest, reached
                from catch.record(
                    streams[firsts[k]:lasts[k]], versions[firsts[k]:lasts[k]],
                    topics[firsts[k]:lasts[k]], states[firsts[k]:lasts[k]],
                    bases[base_firsts[k]:base_lasts[k]], base_versions[base_firsts[k]:base_lasts[k]],
                    commands[k:k], answers[k:k], answer_versions[k:k],
                    array[1], array[lasts[k] - firsts[k] + 1], digests[k:k],
                    subjects[key_firsts[k]:key_lasts[k]], keys[key_firsts[k]:key_lasts[k]]) r;
                outcomes[k] := 'recorded';
                positions[k] := newest; answered[k] := reached;
            exception when unique_violation then
                outcomes[k] := 'conflict';
                positions[k] := null; answered[k] := null;
            end;
        end loop;
    end if;

    if newest > 0 then
        -- A hint that wakes followers elsewhere; the position spares them a look when they have it already.
        perform pg_notify('catch', newest::text);
    end if;
end
$$;

-- The way nearly every batch takes: all of it is recorded, or nothing. On unique_violation the writer asks catch.append,
-- which records the same batch one append at a time. It saves a subtransaction and most of the arrays.
--
-- Every append has events, among them one of the stream that its answer speaks of. Answers with the position before the
-- first event: positions stand in a row, because nobody else takes any while the lock is held.
create function catch.append_at_once(
    streams uuid[], versions bigint[], topics text[], states bytea[],
    bases uuid[], base_versions bigint[],
    commands uuid[], answers uuid[], answer_versions bigint[],
    firsts int[], lasts int[], digests bytea[]
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

    insert into catch.commands (command_id, stream, version, position, events, digest)
    select a.command, a.stream, a.version, before + a.last, topics[a.first:a.last], a.digest
    from unnest(commands, answers, answer_versions, firsts, lasts, digests)
        as a (command, stream, version, first, last, digest);

    perform pg_notify('catch', newest::text);
    return before;
end
$$;

-- One append. Answers with its position, or null: the event that this one follows is not there, or a
-- stream that it rests on has moved.
create function catch.append_one(
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
    if cardinality(bases) > 0 and exists (
        select from unnest(bases, base_versions) as base (stream, version)
        where base.version <> coalesce((
            select e.originator_version from catch.stored_events e where e.originator_id = base.stream
            order by e.originator_version desc limit 1), 0)
    ) then
        return null;
    end if;

    insert into catch.stored_events (originator_id, originator_version, topic, state)
    values (stream, version, topic, state) returning notification_id into reached;
    insert into catch.commands (command_id, stream, version, position, events, digest)
    values (command, stream, version, reached, array[topic], digest);

    done := pg_notify('catch', reached::text);
    return reached;
end
$$;

-- Several, each of a stream of its own. Answers with the position before the first event: positions stand in a row,
-- because nobody else takes any while the lock is held.
create function catch.append_lone(
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
    if 1 < any (versions) and exists (
        select from unnest(streams, versions) as e (stream, version)
        where e.version > 1 and (
            select f.originator_version from catch.stored_events f
            where f.originator_id = e.stream and f.originator_version = e.version - 1) is null
    ) then
        raise unique_violation using message = 'a stream is not at the version this append rests on';
    end if;
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

    insert into catch.commands (command_id, stream, version, position, events, digest)
    select a.command, a.stream, a.version, before + a.n, array[a.topic], a.digest
    from unnest(commands, streams, versions, topics, digests)
        with ordinality as a (command, stream, version, topic, digest, n);

    done := pg_notify('catch', newest::text);
    return before;
end
$$;

revoke all on function
    catch.record, catch.append, catch.append_at_once, catch.append_one, catch.append_lone from public;
grant execute on function
    catch.record, catch.append, catch.append_at_once, catch.append_one, catch.append_lone to catch_writer;
