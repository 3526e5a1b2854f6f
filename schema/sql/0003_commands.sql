-- The first answer to every command: a repeated command gets it again and records nothing.
-- events are the topics recorded; position is that of the last of them, or the head of the log if there were none.
set local role catch_owner;

create table catch.commands (
    command_id uuid   primary key,
    stream     uuid   not null,
    version    bigint not null,
    position   bigint not null,
    events     text[] not null
);

grant insert, select on catch.commands to catch_writer;
grant select on catch.commands to catch_reader;
