-- Agents: indexes for lists of many, what they report of themselves, and how they perform.

create index on agent_directory_v1 (registered_position, agent_id);
create index on agent_directory_v1 (cost_per_task, agent_id);
create index on agent_directory_v1 (owner, agent_id);
create index on agent_directory_v1 using gin (labels);
create index on agent_directory_v1 using gin (specializations);

-- What agents said of themselves with their last heartbeats. Presence: no events, not durable.
create unlogged table presence_reports (
    agent_id text collate "C" primary key,
    report text not null,
    reported_at timestamptz not null
) with (fillfactor = 70);
create index presence_reports_reported_at on presence_reports (reported_at);
