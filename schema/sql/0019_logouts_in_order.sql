-- Sign-outs by the order in which they were kept, not by a clock: a server asks for those of transactions that had not
-- ended when it asked last, and hears of each whatever the database's clock does meanwhile. Rows that were restored from a
-- dump bear numbers of another server; whoever asks for the first time asks for all.
set local role catch_owner;

alter table catch.logouts add column kept xid8 not null default pg_current_xact_id();
create index logouts_kept on catch.logouts (kept);
