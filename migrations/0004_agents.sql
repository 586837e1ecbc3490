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

-- How agents perform: of each task, what its end will be counted under.
create table agent_performance_v1_tasks (
    task_id text collate "C" primary key,
    task_type text collate "C" not null,
    price numeric not null,
    begun bigint not null
) with (fillfactor = 80);

-- Sums of an agent and a type of tasks, over an hour (begun at so many milliseconds since the epoch)
-- and over all time.
create table agent_performance_v1 (
    key text collate "C" primary key,
    agent_id text collate "C" not null,
    task_type text collate "C" not null,
    span text collate "C" not null,
    begun bigint not null,
    assigned bigint not null,
    completed bigint not null,
    failed bigint not null,
    released bigint not null,
    cancelled bigint not null,
    expired bigint not null,
    worked bigint not null,
    longest bigint not null,
    durations jsonb not null,
    rated bigint not null,
    rating bigint not null,
    estimated bigint not null,
    estimate bigint not null,
    costed bigint not null,
    cost numeric not null,
    price numeric not null,
    above_price bigint not null
) with (fillfactor = 70);
create index on agent_performance_v1 (agent_id, span, begun);

-- How often in a row an agent's last attempts ended well (above 0) or not (below).
create table agent_performance_v1_streaks (
    agent_id text collate "C" primary key,
    streak bigint not null,
    best bigint not null
) with (fillfactor = 50);

insert into projection_checkpoints (projection, tables) values
    ('agent_performance_v1', array['agent_performance_v1', 'agent_performance_v1_streaks',
        'agent_performance_v1_tasks']);
