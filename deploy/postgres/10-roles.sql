-- A place's roles, made once by a superuser with psql, connected to the database that is to hold the place.
-- The container image of PostgreSQL does so at its first start. By hand, or for a second place:
--   psql -d catch -v place=leeds -v secrets=/where/the/passwords/are -f 10-roles.sql
-- Two of the four roles log in: the owner, who migrates, and the application, which serves. Neither is a superuser and
-- neither may make roles or databases. Writer and reader are groups: whoever is to read along is granted the reader.
\set ON_ERROR_STOP on
\if :{?place}
\else
\set place catch
\endif
\if :{?secrets}
\else
\set secrets /run/secrets
\endif
\set owner :place _owner
\set writer :place _writer
\set reader :place _reader
\set app :place _app
\set owner_password `cat :'secrets'/owner_password`
\set app_password `cat :'secrets'/app_password`

select length(:'owner_password') < 16 or length(:'app_password') < 16 as unusable \gset
\if :unusable
do $$ begin raise exception 'the secrets owner_password and app_password must hold 16 characters or more'; end $$;
\endif

begin;
-- The passwords below must not get into the server's log, neither as a statement nor with an error.
set local log_statement = 'none';
set local log_min_error_statement = 'panic';
set local log_min_duration_statement = -1;

create role :"owner" login password :'owner_password';
create role :"writer";
create role :"reader";
create role :"app" login password :'app_password';
grant :"writer", :"reader" to :"app";
-- The owner makes what belongs to the application as the application; it inherits nothing.
grant :"writer", :"reader", :"app" to :"owner" with inherit false, set true;

revoke all on database :"DBNAME" from public;
grant connect on database :"DBNAME" to :"owner", :"reader", :"app";
-- For the place's two schemas. Once they are there, this may be taken back.
grant create on database :"DBNAME" to :"owner";
commit;
