-- Who may do what. Run by whoever sets the place up: a superuser, or a role with CREATEROLE and CREATE on the database.
-- Wherever these files say "catch", alone or before an underscore, the migrator puts the name of the place's schema.
-- Roles belong to the whole server, so several databases may be set up at the same moment: the later one finds them made.
do $$
declare
    missing text;
begin
    foreach missing in array array['catch_owner', 'catch_writer', 'catch_reader', 'catch_app'] loop
        begin
            if to_regrole(missing) is null then
                execute format('create role %I', missing);
            end if;
        exception when duplicate_object or unique_violation then null;
        end;
        begin
            -- A superuser needs no membership; anybody else could not act for the roles without one.
            if not pg_has_role(missing, 'set') then
                execute format('grant %I to current_user with inherit false, set true', missing);
            end if;
        exception when duplicate_object or unique_violation then null;
        end;
    end loop;
    begin
        if not (pg_has_role('catch_app', 'catch_writer', 'usage') and pg_has_role('catch_app', 'catch_reader', 'usage')) then
            grant catch_writer, catch_reader to catch_app;
        end if;
    exception when duplicate_object or unique_violation then null;
    end;
    begin
        -- What the program logs in as. It has no password until an operator gives it one.
        if not (select rolcanlogin from pg_roles where rolname = 'catch_app') then
            alter role catch_app login;
        end if;
    exception when others then
        if sqlerrm <> 'tuple concurrently updated' then raise; end if;
    end;
end
$$;

create schema if not exists catch authorization catch_owner;
create schema if not exists catch_read authorization catch_app;

-- The read side makes and replaces tables of its own, so it has a schema of its own.
set local role catch_app;
grant usage on schema catch_read to catch_reader;
alter default privileges in schema catch_read grant select on tables to catch_reader;

set local role catch_owner;
grant usage on schema catch to catch_writer, catch_reader;

create table catch.schema_migrations (
    number     int         primary key,
    name       text        not null,
    sha256     bytea       not null,
    applied_at timestamptz not null default clock_timestamp()
);
grant select on catch.schema_migrations to catch_reader;
