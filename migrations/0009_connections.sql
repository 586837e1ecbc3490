-- Who is connected, on which node. Presence: no events, not durable. Every node writes what it has, in
-- batches, and anew when it is not there any more.
create unlogged table connection_nodes (
    node_id text collate "C" primary key,
    node text not null,
    renewed_at timestamptz not null
) with (fillfactor = 50);

-- A connection counts as long as its node does.
create unlogged table connections (
    connection_id uuid primary key,
    node_id text collate "C" not null,
    kind text collate "C" not null,
    client_id text not null,
    agent_id text collate "C",
    subject text not null,
    opened_at timestamptz not null,
    topics text[] not null,
    queued_bytes bigint not null
) with (fillfactor = 70);
create index on connections (node_id);
create index on connections (subject, connection_id);
create index on connections (client_id, connection_id);
create index on connections (agent_id, connection_id) where agent_id is not null;

-- The newest socket of each agent: who connects takes the row, and whoever had it is to close its own.
create unlogged table agent_sockets (
    agent_id text collate "C" primary key,
    connection_id uuid not null,
    node_id text collate "C" not null
) with (fillfactor = 70);
create index on agent_sockets (node_id);

-- One-time tickets, by the SHA-256 of each. Taken by being deleted, so each opens one socket. Times of
-- the caller's token are Unix time, infinite where it has none.
create unlogged table tickets (
    digest bytea primary key,
    subject text not null,
    roles text[] not null,
    token_id text,
    issued_at double precision not null,
    ends_at double precision not null,
    expires_at timestamptz not null
);
create index on tickets (expires_at);
