-- The task board, second version: questions and answers, ratings, costs, retry policies, dedup keys,
-- concurrency keys. It is built beside the first one, which nodes of the release before still read.

-- Databases of some days have one of this name already, as it was before it was finished.
select drop_projection('task_board_v2');

-- Tasks, where they stand.
create table task_board_v2 (
    task_id text collate "C" primary key,
    status text collate "C" not null,
    priority text collate "C" not null,
    urgency smallint not null,
    agent_id text collate "C",
    attempt integer not null,
    lease text collate "C",
    lease_seconds double precision not null,
    price numeric not null,
    progress json,
    inputs json,
    result json,
    quality double precision,
    usage json,
    cost json,
    rating json,
    error json,
    reason text,
    excluded text[] not null,
    refused integer not null,
    deadline timestamptz,
    retry_at timestamptz,
    assigned_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    updated_at timestamptz not null,
    submitted_position bigint not null,
    version bigint not null,
    position bigint not null
) with (fillfactor = 80);
create index on task_board_v2 (position);
create index on task_board_v2 (status, submitted_position);
create index on task_board_v2 (agent_id, submitted_position) where agent_id is not null;

-- Tasks, as they were submitted; these rows never change.
create table task_board_v2_specs (
    task_id text collate "C" primary key,
    task_type text collate "C" not null,
    description text not null,
    requirements json not null,
    payload json,
    owner text collate "C" not null,
    payer text,
    max_cost numeric,
    cost_policy text collate "C" not null,
    tags text[] not null,
    parent text collate "C",
    correlation text collate "C",
    dedup_key text collate "C",
    concurrency_key text collate "C",
    concurrency_limit integer,
    timeout_seconds double precision not null,
    max_attempts integer not null,
    retry json not null,
    not_before timestamptz,
    submitted_at timestamptz not null,
    submitted_position bigint not null
);
create index on task_board_v2_specs (submitted_position);
create index on task_board_v2_specs (owner, submitted_position);
create index on task_board_v2_specs (task_type, submitted_position);
create index on task_board_v2_specs (parent) where parent is not null;
create index on task_board_v2_specs (correlation) where correlation is not null;
create index on task_board_v2_specs using gin (tags) where tags <> '{}';

insert into projection_checkpoints (projection, tables) values
    ('task_board_v2', array['task_board_v2', 'task_board_v2_specs']);

-- A database that was made just now has never had any use for the first one.
do $$
begin
    if exists (select from projection_checkpoints where projection = 'task_board_v1' and position = 0)
    then
        perform drop_projection('task_board_v1');
    end if;
end $$;
