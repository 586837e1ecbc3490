-- The performance of agents, second version: work is counted without the time that it waits for answers,
-- and hours are kept for so long. It is built beside the first one, which nodes of the release before
-- still read.

-- Databases of some days have one of this name already, as it was before it was finished.
select drop_projection('agent_performance_v2');

-- How agents perform: of each task, what its end will be counted under (``asked``: since when it
-- waits for an answer, 0: it does not).
create table agent_performance_v2_tasks (
    task_id text collate "C" primary key,
    task_type text collate "C" not null,
    price numeric not null,
    begun bigint not null,
    asked bigint not null
) with (fillfactor = 80);

-- Sums of an agent and a type of tasks, over an hour (begun at so many milliseconds since the epoch)
-- and over all time. The key of an hour is its number modulo those that are kept: it takes the row of
-- the one that is too old.
create table agent_performance_v2 (
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
create index on agent_performance_v2 (agent_id, span, begun);

-- How often in a row an agent's last attempts ended well (above 0) or not (below).
create table agent_performance_v2_streaks (
    agent_id text collate "C" primary key,
    streak bigint not null,
    best bigint not null
) with (fillfactor = 50);

insert into projection_checkpoints (projection, tables) values
    ('agent_performance_v2', array['agent_performance_v2', 'agent_performance_v2_streaks',
        'agent_performance_v2_tasks']);

-- A database that was made just now has never had any use for the first one.
do $$
begin
    if exists (
        select from projection_checkpoints where projection = 'agent_performance_v1' and position = 0
    ) then
        perform drop_projection('agent_performance_v1');
    end if;
end $$;
