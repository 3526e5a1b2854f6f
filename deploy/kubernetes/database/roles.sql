-- A place's roles, as deploy/postgres/10-roles.sql makes them, for the first start of a CloudNativePG cluster: run by the
-- superuser, in the database, after the operator has made it and its owner. Passwords are the operator's to set, from the
-- secrets catch-db-owner and catch-db-app; the lines in database.yaml about catch_app must say what is said here.

-- The owner migrates and is no more than that: whoever owns a database may also drop it.
alter database catch owner to postgres;

create role catch_writer;
create role catch_reader;
create role catch_app login;
grant catch_writer, catch_reader to catch_app;
-- The owner makes what belongs to the application as the application; it inherits nothing.
grant catch_writer, catch_reader, catch_app to catch_owner with inherit false, set true;

revoke all on database catch from public;
grant connect on database catch to catch_owner, catch_reader, catch_app;
-- For the place's two schemas. Once they are there, this may be taken back.
grant create on database catch to catch_owner;
