-- How far each read model has come, and the keys it had to leave out. Disposable: a rebuild writes them anew.
set local role catch_app;

create table catch_read.checkpoints (
    projection text   primary key,
    position   bigint not null
);

create table catch_read.parked (
    projection text        not null,
    key        text        not null,
    position   bigint      not null,
    error      text        not null,
    parked_at  timestamptz not null default clock_timestamp(),
    primary key (projection, key)
);
