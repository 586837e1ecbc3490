-- Messages, and what becomes of them at each recipient.

-- Messages as they were sent, one row each, however many they go to. "destination" is where they were sent,
-- "goes_to" where rules had them go instead, "recipients" those that are named, "spread" says that some are
-- not: who belongs to a group, the log tells, not the message. "expired" is the position of the event by which
-- it expired, "again" has the letters that were queued again and expire at a time of their own.
create table messages_v1 (
    message_id text collate "C" primary key,
    position bigint not null unique,
    from_agent text collate "C" not null,
    destination json not null,
    goes_to json not null,
    recipients text[] not null,
    topics text[] not null,
    spread boolean not null,
    message_type text collate "C" not null,
    priority text collate "C" not null,
    payload json,
    sealed json,
    headers json not null,
    correlation_id text collate "C",
    reply_to text collate "C",
    deliver_after timestamptz,
    expires_at timestamptz,
    ack_seconds double precision not null,
    max_attempts integer not null,
    size bigint not null,
    why text[] not null,
    sent_at timestamptz not null,
    again json,
    expired bigint check (expired > position),
    expired_at timestamptz,
    constraint ended check ((expired is null) = (expired_at is null))
);
create index on messages_v1 (from_agent, position);
create index on messages_v1 (message_type, position);
create index on messages_v1 (correlation_id, position) where correlation_id is not null;
create index on messages_v1 (position) where expired is not null or again is not null;
create index on messages_v1 using gin (topics) where topics <> '{}';
-- They come in the order of their times, nearly.
create index on messages_v1 using brin (sent_at);

-- Letters: a message for one recipient. A row is written at the sending for those that are named, for members
-- of groups when something is known of their delivery, and anew when a dead letter is queued again ("position"
-- is that of the event that queued it, "sent" that of the sending). Letters to members of groups that the
-- message has left open when it expired say nothing of that; all others do.
create table messages_v1_deliveries (
    key text collate "C" primary key, -- position/recipient
    position bigint not null,
    sent bigint not null check (sent <= position),
    recipient text collate "C" not null,
    state text collate "C" not null check (state in ('queued', 'delivered', 'failed', 'acknowledged',
        'dead', 'dropped', 'expired')),
    attempt integer not null,
    transport text collate "C",
    delivered_at timestamptz,
    delivered bigint,
    deadline timestamptz,
    failures json,
    retry_at timestamptz,
    reason text,
    ended bigint,
    ended_at timestamptz,
    queued_at timestamptz,
    by text,
    constraint over check ((ended is not null) = (state not in ('queued', 'delivered', 'failed'))),
    constraint timed check ((ended is null) = (ended_at is null)),
    constraint again check ((queued_at is null) = (sent = position))
) with (fillfactor = 80);
create index on messages_v1_deliveries (sent, state, recipient);
create index on messages_v1_deliveries (recipient, position);
create index on messages_v1_deliveries (state, sent) where state <> 'acknowledged';
create index on messages_v1_deliveries (ended, key) where state = 'dead';
create index on messages_v1_deliveries (recipient, ended) where state = 'dead';
create index on messages_v1_deliveries (sent, recipient, position) where position <> sent;

insert into projection_checkpoints (projection, tables) values
    ('messages_v1', array['messages_v1', 'messages_v1_deliveries']);
