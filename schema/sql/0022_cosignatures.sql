-- What witnesses, whom somebody else runs, have signed of checkpoints: that as far as they have seen the log has only
-- grown (C2SP tlog-cosignature). See catch.evidence.cosigning.
-- Needs nothing of an older program: it asks no witnesses.
set local role catch_owner;

create table catch.evidence_cosignatures (
    generation  bigint      not null,
    size        bigint      not null,
    witness     text        not null,                   -- its name, and the id of its key
    line        text        not null,                   -- the signature, as it stands under a note
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (generation, size, witness)
);
create index evidence_cosignatures_witness_idx on catch.evidence_cosignatures (witness, generation, size);

create trigger append_only before update or delete or truncate on catch.evidence_cosignatures
    for each statement execute function catch.refuse_change();
alter table catch.evidence_cosignatures enable always trigger append_only;

grant insert (generation, size, witness, line), select on catch.evidence_cosignatures to catch_writer;
grant select on catch.evidence_cosignatures to catch_reader;
