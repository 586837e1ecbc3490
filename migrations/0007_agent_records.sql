-- The agent directory, second version, and the performance of agents, third version: of what was taken
-- from an agent only what it was working on counts against it. Both are built beside the ones before,
-- which nodes of the release before still read.

-- Agents, as they declared themselves.
create table agent_directory_v2 (
    agent_id text collate "C" primary key,
    status text collate "C" not null,
    online boolean not null,
    owner text not null,
    revision bigint not null,
    version bigint not null,
    specializations text[] not null,
    skills jsonb not null,
    labels jsonb not null,
    resources jsonb not null,
    data_sources text[] not null,
    metadata json not null,
    endpoint text,
    wallet_address text,
    max_concurrent_tasks integer not null,
    cost_per_task numeric not null,
    initial_stake numeric not null,
    registered_at timestamptz not null,
    updated_at timestamptz not null,
    last_seen timestamptz,
    suspension text,
    registered_position bigint not null,
    position bigint not null
);
create index on agent_directory_v2 (registered_position, agent_id);
create index on agent_directory_v2 (cost_per_task, agent_id);
create index on agent_directory_v2 (owner, agent_id);
create index on agent_directory_v2 using gin (labels);
create index on agent_directory_v2 using gin (specializations);

-- What agents hold and did. Apart from their declarations, because it changes with every task. Of the
-- released ones, ``lost`` are those that the agent was working on and that nobody moved by hand.
create table agent_directory_v2_work (
    agent_id text collate "C" primary key,
    active_tasks integer not null,
    assigned bigint not null,
    completed bigint not null,
    failed bigint not null,
    released bigint not null,
    lost bigint not null,
    position bigint not null
) with (fillfactor = 50);

-- How agents perform: of each task, what its end will be counted under (``asked``: since when it
-- waits for an answer, 0: it does not).
create table agent_performance_v3_tasks (
    task_id text collate "C" primary key,
    task_type text collate "C" not null,
    price numeric not null,
    begun bigint not null,
    asked bigint not null
) with (fillfactor = 80);

-- Sums of an agent and a type of tasks, over an hour (begun at so many milliseconds since the epoch)
-- and over all time. The key of an hour is its number modulo those that are kept: it takes the row of
-- the one that is too old.
create table agent_performance_v3 (
    key text collate "C" primary key,
    agent_id text collate "C" not null,
    task_type text collate "C" not null,
    span text collate "C" not null,
    begun bigint not null,
    assigned bigint not null,
    completed bigint not null,
    failed bigint not null,
    released bigint not null,
    lost bigint not null,
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
create index on agent_performance_v3 (agent_id, span, begun);

-- How often in a row an agent's last attempts ended well (above 0) or not (below).
create table agent_performance_v3_streaks (
    agent_id text collate "C" primary key,
    streak bigint not null,
    best bigint not null
) with (fillfactor = 50);

insert into projection_checkpoints (projection, tables) values
    ('agent_directory_v2', array['agent_directory_v2', 'agent_directory_v2_work']),
    ('agent_performance_v3', array['agent_performance_v3', 'agent_performance_v3_streaks',
        'agent_performance_v3_tasks']);

-- A database that was made just now has never had any use for the ones before.
select drop_projection(projection) from projection_checkpoints
where projection in ('agent_directory_v1', 'agent_performance_v2') and position = 0;
