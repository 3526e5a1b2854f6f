-- A follower made with the eventsourcing library listens on a channel named after the table, and never looks by itself:
-- without a word there it stands still. One word a batch, and no position: it asks for what is new.
set local role catch_owner;

create function catch.tell_stock_followers() returns trigger language plpgsql as $$
begin
    perform pg_notify('stored_events', '');
    return null;
end
$$;
create trigger tell_stock_followers after insert on catch.stored_events
    for each statement execute function catch.tell_stock_followers();
