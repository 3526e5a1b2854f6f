-- How far long work has come, so that none of it is done twice. Disposable like everything of the read side.
set local role catch_app;

-- The time of the fact that a checkpoint stands at. Where the log holds no such fact there, it is not the log that was
-- folded: a backup was restored beneath the read models.
alter table catch_read.checkpoints add column recorded_at timestamptz;

-- Rebuilds under way: each part's new table holds everything up to this position, and nothing of what follows.
create table catch_read.rebuilds (
    projection  text        not null,
    part        int         not null,
    parts       int         not null,
    position    bigint      not null,
    recorded_at timestamptz,           -- of the fact at that position
    rows        bigint      not null,  -- that this part has put into the new table
    made        bigint      not null,  -- the file of the new table: another one after it was emptied or made anew
    release     text        not null,  -- digest of what folds
    parked      jsonb       not null,
    primary key (projection, part)
);

-- Up to where the log was found to hold only what a release can read, without a gap.
create table catch_read.verified (
    release     text        primary key,  -- digest of the events and schema numbers that it knows
    position    bigint      not null,
    recorded_at timestamptz not null
);
