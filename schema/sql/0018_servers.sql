-- Which servers keep and read which read models, so that another takes over from one that falls silent, and two releases
-- run side by side. Disposable like everything of the read side.
set local role catch_app;

-- A server is there as long as one of its sessions holds a shared advisory lock on its key.
create table catch_read.servers (
    key      bigint      primary key,
    pid      int         not null,  -- of the session that folds
    release  int[]       not null,  -- the newer one compares greater
    tables   text[]      not null,  -- those that it answers from
    keeps    text[]      not null,  -- those of them that it folds, or is about to
    complete boolean     not null,  -- each of its tables has been filled
    beat     timestamptz not null
);

set local role catch_owner;

-- The newest migration that a program must know to work with this one applied; 0: any does, for it only adds.
alter table catch.schema_migrations add column needs int not null default 0;
