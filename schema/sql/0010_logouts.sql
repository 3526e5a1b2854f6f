-- Sessions that their issuer has ended: tokens of them are good for nothing any more, on any server.
-- `session` ends one session; without it, every session of `subject` that began by `issued_at`.
set local role catch_owner;

create table catch.logouts (
    issuer       text        not null,
    jti          text        not null,
    subject      text,
    session      text,
    issued_at    timestamptz not null,
    received_at  timestamptz not null default clock_timestamp(),
    forgotten_at timestamptz not null,
    primary key (issuer, jti),
    check (subject is not null or session is not null)
);
create index logouts_received on catch.logouts (received_at);

grant select, insert, delete on catch.logouts to catch_app;
