-- Who was shown what of whom, recorded before the answer leaves. Each row holds the hash of all that it says and of the
-- row before it, so that one that was changed or removed is found; how far the rows have come is signed every second.
-- See catch.evidence.reads.
-- Needs nothing of an older program, which records no reads: what it answers meanwhile is not here.
set local role catch_owner;

create table catch.reads (
    number      bigint      primary key check (number > 0),  -- dense from 1
    recorded_at timestamptz not null,
    agency      text        not null,                        -- of whoever looked
    viewer      text        not null,                        -- whoever looked
    whose       uuid[]      not null,                        -- people, cases and the subscription that it speaks of
    said        text        not null,                        -- everything about it, as JSON
    hash        bytea       not null check (octet_length(hash) = 32)
);
create index reads_whose_idx on catch.reads using gin (whose);

create table catch.read_checkpoints (
    generation  bigint      not null,
    number      bigint      not null,                        -- the last row that it covers
    note        text        not null,                        -- as it was signed
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (generation, number)
);

-- One batch, in one transaction: the lock keeps the chain one chain, whichever server records.
create function catch.record_reads(agencies text[], viewers text[], whose text[], said text[])
returns bigint language plpgsql as $$
declare
    reached bigint;
    chain bytea;
    moment timestamptz;
    theirs uuid[];
begin
    perform pg_advisory_xact_lock(hashtextextended('catch.reads', 0));
    select r.number, r.hash into reached, chain from catch.reads r order by r.number desc limit 1;
    reached := coalesce(reached, 0);
    for k in 1 .. cardinality(said) loop
        reached := reached + 1;
        moment := clock_timestamp();
        theirs := whose[k]::uuid[];
        chain := sha256(coalesce(chain, '') || convert_to(concat_ws(E'\n', reached,
            (extract(epoch from moment) * 1000000)::bigint, agencies[k], viewers[k], array_to_string(theirs, ' '),
            said[k]), 'UTF8'));
        insert into catch.reads values (reached, moment, agencies[k], viewers[k], theirs, said[k], chain);
    end loop;
    return reached;
end
$$;
revoke all on function catch.record_reads from public;
grant execute on function catch.record_reads to catch_writer;

create trigger append_only before update or delete or truncate on catch.reads
    for each statement execute function catch.refuse_change();
alter table catch.reads enable always trigger append_only;
create trigger append_only before update or delete or truncate on catch.read_checkpoints
    for each statement execute function catch.refuse_change();
alter table catch.read_checkpoints enable always trigger append_only;

grant insert, select on catch.reads to catch_writer;
grant insert (generation, number, note), select on catch.read_checkpoints to catch_writer;
grant select on catch.reads, catch.read_checkpoints to catch_reader;
