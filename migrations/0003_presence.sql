-- Who was heard of and when: agents by their heartbeats, tasks by renewals of their leases. Not events,
-- not durable: after a crash the table is empty and every window starts anew.
create unlogged table presence (
    kind text collate "C" not null,
    key text collate "C" not null,
    seen_at timestamptz not null,
    primary key (kind, key)
) with (fillfactor = 70);
create index presence_seen_at on presence (seen_at);
