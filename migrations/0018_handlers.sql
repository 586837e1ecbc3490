-- Handlers of events in users' programs that go on where they were after a restart.

-- Up to which position of the log each has handled what it wants. Moved only by who holds its lease.
create table handler_checkpoints (
    handler text collate "C" primary key,
    position bigint not null,
    moved_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);

-- Events that a handler went on without, because it failed at them again and again. "again": somebody
-- wants it to be tried once more.
create table handler_parked (
    handler text collate "C" not null references handler_checkpoints on delete cascade,
    position bigint not null,
    stream text collate "C" not null,
    topic text collate "C" not null,
    failures integer not null,
    reason text not null,
    parked_at timestamptz not null default clock_timestamp(),
    again boolean not null default false,
    primary key (handler, position)
);
