-- Where a batch held a conflict or a repetition, the versions in its answers were wrong: an array's element is no target
-- of INTO, so `into newest, answered[k]` took the subscript for part of the query. Otherwise as it was.
set local role catch_owner;

-- Answers one element an append: recorded, repeated (see catch.commands) or conflict.
create or replace function catch.append(
    streams uuid[], versions bigint[], topics text[], states bytea[],
    bases uuid[], base_versions bigint[],
    commands uuid[], answers uuid[], answer_versions bigint[],
    firsts int[], lasts int[], base_firsts int[], base_lasts int[],
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
                          commands, answers, answer_versions, firsts, lasts) r;
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
                    array[1], array[lasts[k] - firsts[k] + 1]) r;
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
