-- The log: the table of the eventsourcing library's PostgreSQL recorder, with recorded_at behind it.
-- notification_id is the position. It is handed out under the lock that catch.append takes, so positions are committed
-- in order and a reader that goes by position misses nothing. Holes may exist and mean nothing.
set local role catch_owner;

create table catch.stored_events (
    originator_id      uuid        not null,
    originator_version bigint      not null check (originator_version > 0),
    topic              text        not null,
    state              bytea       not null,
    notification_id    bigserial,
    recorded_at        timestamptz not null default clock_timestamp(),
    primary key (originator_id, originator_version)
) with (
    autovacuum_vacuum_threshold = 100000000,
    autovacuum_vacuum_scale_factor = 0.5,
    autovacuum_analyze_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.01
);
create unique index stored_events_notification_id_idx on catch.stored_events (notification_id);

create function catch.refuse_change() returns trigger language plpgsql as $$
begin
    raise insufficient_privilege using message = format('%I is append-only: %s refused', tg_table_name, tg_op);
end
$$;
create trigger append_only before update or delete or truncate on catch.stored_events
    for each statement execute function catch.refuse_change();
alter table catch.stored_events enable always trigger append_only;

grant insert, select on catch.stored_events to catch_writer;
grant usage on sequence catch.stored_events_notification_id_seq to catch_writer;
grant select on catch.stored_events to catch_reader;
