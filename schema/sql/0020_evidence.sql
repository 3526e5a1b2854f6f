-- What proves the log: the hashes of its Merkle tree (RFC 6962), and the checkpoints that were signed over them. Leaves
-- stand in the order of positions, without holes; of the nodes above them those are kept that make up 256 of the ones
-- below, so that a proof reads a few hundred hashes and not the log. See catch.evidence.
-- Needs nothing of an older program: it signs nothing, and what it records is signed by the next that does.
set local role catch_owner;

create table catch.evidence_leaves (
    index    bigint primary key check (index >= 0),
    position bigint not null unique,               -- of the fact
    hash     bytea  not null check (octet_length(hash) = 32)
);

create table catch.evidence_nodes (
    height smallint not null check (height > 0 and height % 8 = 0),
    index  bigint   not null check (index >= 0),
    hash   bytea    not null check (octet_length(hash) = 32),
    primary key (height, index)
);

create table catch.evidence_checkpoints (
    generation  bigint      not null,
    size        bigint      not null check (size > 0),  -- so many leaves, from the first on
    position    bigint      not null,                   -- of the last of them
    note        text        not null,                   -- as it was signed
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (generation, size)
);

create trigger append_only before update or delete or truncate on catch.evidence_leaves
    for each statement execute function catch.refuse_change();
alter table catch.evidence_leaves enable always trigger append_only;
create trigger append_only before update or delete or truncate on catch.evidence_nodes
    for each statement execute function catch.refuse_change();
alter table catch.evidence_nodes enable always trigger append_only;
create trigger append_only before update or delete or truncate on catch.evidence_checkpoints
    for each statement execute function catch.refuse_change();
alter table catch.evidence_checkpoints enable always trigger append_only;

grant insert, select on catch.evidence_leaves, catch.evidence_nodes to catch_writer;
grant insert (generation, size, position, note), select on catch.evidence_checkpoints to catch_writer;
grant select on catch.evidence_leaves, catch.evidence_nodes, catch.evidence_checkpoints to catch_reader;
