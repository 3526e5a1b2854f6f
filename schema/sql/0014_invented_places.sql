-- Whether a place is invented: for demonstrations and training, with nobody real in it. It is said before the first fact
-- or never, and never taken back. Only in such a place a session may say when what it records is recorded, so that a
-- year can be told on its own days: in order, and never later than now. Everywhere else that is the database's clock.
set local role catch_owner;

create table catch.place (
    one         boolean     primary key default true check (one),
    invented    boolean     not null check (invented),
    recorded_at timestamptz not null default clock_timestamp()
);

create function catch.refuse_late_marks() returns trigger language plpgsql as $$
begin
    -- Nobody records a first fact meanwhile.
    perform pg_advisory_xact_lock(hashtext('catch.append'));
    if exists (select from catch.stored_events) then
        raise insufficient_privilege
            using message = 'a place is marked as invented before its first fact or never: this one has facts';
    end if;
    return null;
end
$$;
create trigger before_the_first_fact before insert on catch.place
    for each statement execute function catch.refuse_late_marks();
alter table catch.place enable always trigger before_the_first_fact;
create trigger irrevocable before update or delete or truncate on catch.place
    for each statement execute function catch.refuse_change();
alter table catch.place enable always trigger irrevocable;

-- Nobody but the owner marks a place.
grant select on catch.place to catch_writer, catch_reader;

alter table catch.stored_events alter column recorded_at
    set default coalesce(nullif(current_setting('catch.recorded_at', true), '')::timestamptz, clock_timestamp());
-- By way of the setting alone, which is looked at: not by naming the column.
revoke insert on catch.stored_events from catch_writer;
grant insert (originator_id, originator_version, topic, state) on catch.stored_events to catch_writer;

create function catch.refuse_given_times() returns trigger language plpgsql as $$
declare
    said text := nullif(current_setting('catch.recorded_at', true), '');
begin
    if said is null then
        return null;
    end if;
    if not exists (select from catch.place p where p.invented) then
        raise exception using errcode = 'CAT02', message = 'this place is not invented: the database''s clock says when'
            ' something is recorded. Take the setting catch.recorded_at away';
    end if;
    if said::timestamptz > clock_timestamp() or not isfinite(said::timestamptz) or said::timestamptz < (
        select e.recorded_at from catch.stored_events e order by e.notification_id desc limit 1
    ) then
        raise exception using errcode = 'CAT02', message = 'what is recorded in an invented place is recorded after what'
            ' is there already, and not later than now';
    end if;
    return null;
end
$$;
create trigger times_in_order before insert on catch.stored_events
    for each statement execute function catch.refuse_given_times();
alter table catch.stored_events enable always trigger times_in_order;
