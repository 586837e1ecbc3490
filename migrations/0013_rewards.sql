-- The task board, third version: with what an attempt earns from the reward pool beside its price, or why it
-- earns nothing, and in whose budgets a task counts. It is built beside the second one, which nodes of the
-- release before still read and write.
create table task_board_v3 (like task_board_v2 including all) with (fillfactor = 80);
alter table task_board_v3 add column reward json;
create table task_board_v3_specs (like task_board_v2_specs including all);
alter table task_board_v3_specs add column cost_tags text[] not null;

-- What completed attempts were paid from the pool: one row for each, which never changes. What the decisions
-- promise is a constraint here, too. Amounts are base units, ratings and factors millionths.
create table task_rewards_v1 (
    task_id text collate "C" primary key,
    attempt integer not null check (attempt > 0),
    agent_id text collate "C" not null,
    tier text not null,
    base numeric not null check (base >= 0),
    multiplier_ppm bigint not null check (multiplier_ppm > 0),
    rating_ppm integer check (rating_ppm between 0 and 1000000),
    punctuality text not null check (punctuality in ('early', 'in_time', 'late')),
    factor_ppm integer not null check (factor_ppm between 500000 and 1500000),
    reward numeric not null check (reward >= 0),
    forfeited text not null,
    gov numeric not null check (gov >= 0),
    settlement bigint not null check (settlement > 0),
    transfer_id text collate "C" not null,
    settled_at timestamptz not null,
    position bigint not null,
    check (reward = case when forfeited <> '' then 0
        else div(base * multiplier_ppm * factor_ppm, 1000000000000) end),
    check (transfer_id <> '' or (reward = 0 and gov = 0))
);
create index on task_rewards_v1 (agent_id, position);

-- The blocks of the pool that were reserved, and what was paid out of them.
create table task_rewards_v1_blocks (
    id text collate "C" primary key check (id = 'blocks'),
    blocks bigint not null,
    reserved numeric not null,
    settlements bigint not null,
    settled bigint not null check (settled >= settlements),
    paid numeric not null,
    gov numeric not null,
    position bigint not null,
    check (0 <= paid and paid <= reserved)
) with (fillfactor = 50);

insert into projection_checkpoints (projection, tables) values
    ('task_board_v3', array['task_board_v3', 'task_board_v3_specs']),
    ('task_rewards_v1', array['task_rewards_v1', 'task_rewards_v1_blocks']);

-- A database that was made just now has never had any use for the one before.
select drop_projection(projection) from projection_checkpoints
where projection = 'task_board_v2' and position = 0;
