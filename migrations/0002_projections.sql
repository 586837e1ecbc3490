-- Read models: how far each has come, what it went on without, its tables, and how one is rebuilt.
-- A projection's tables carry its version in their names; a release reads its own, a new version is
-- built beside the old one, and pruning is a step of its own.

-- How far a projection has come. Its leader moves the position by compare-and-set, in the same
-- transaction as the rows that it folded, and only while its lease has the newest epoch. A rebuild
-- raises the generation: the rebuilt position may be the old one, and what a leader remembers of
-- rows and parked streams is void all the same.
create table projection_checkpoints (
    projection text collate "C" primary key,
    position bigint not null default 0,
    tables text[] not null,
    stopped text,
    moved_at timestamptz not null default clock_timestamp(),
    generation bigint not null default 0
) with (fillfactor = 50);

-- Streams that a projection goes on without, because one of their events failed alone.
create table projection_parked (
    projection text collate "C" not null,
    stream text collate "C" not null,
    position bigint not null,
    topic text collate "C" not null,
    reason text not null,
    skipped bigint not null default 0,
    parked_at timestamptz not null default clock_timestamp(),
    primary key (projection, stream)
);

-- The newest snapshot of every fold in memory. A rebuild raises the generation, and nodes that run
-- an older one take it over.
create table fold_snapshots (
    store_id uuid not null,
    name text collate "C" not null,
    version integer not null,
    generation integer not null default 0,
    position bigint not null,
    saved_at timestamptz not null default clock_timestamp(),
    primary key (store_id, name, version)
);

-- Its state, in pieces: one value of many megabytes would hold up the program that sends it.
create table fold_snapshot_pieces (
    store_id uuid not null,
    name text collate "C" not null,
    version integer not null,
    number integer not null,
    piece bytea not null,
    primary key (store_id, name, version, number),
    foreign key (store_id, name, version) references fold_snapshots on delete cascade
);
-- Not compressed: it is written often and read at a start only.
alter table fold_snapshot_pieces alter column piece set storage external;

-- Single events that a fold in memory went on without; unreadable: the program that folded it did not
-- know how to read it, and one that does must not trust snapshots in which it is missing.
create table fold_skips (
    name text collate "C" not null,
    version integer not null,
    position bigint not null,
    stream text collate "C" not null,
    topic text collate "C" not null,
    reason text not null,
    unreadable boolean not null,
    skipped_at timestamptz not null default clock_timestamp(),
    primary key (name, version, position)
);

-- Agents, as they declared themselves.
create table agent_directory_v1 (
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

-- What agents hold and did. Apart from their declarations, because it changes with every task.
create table agent_directory_v1_work (
    agent_id text collate "C" primary key,
    active_tasks integer not null,
    assigned bigint not null,
    completed bigint not null,
    failed bigint not null,
    released bigint not null,
    position bigint not null
) with (fillfactor = 50);

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
    ('agent_directory_v1', array['agent_directory_v1', 'agent_directory_v1_work']),
    ('task_board_v2', array['task_board_v2', 'task_board_v2_specs']);

-- Refuses tables that are not a projection's: the functions below run with the rights of their owner,
-- because the program's role owns no table, and must not be led to others.
create function check_projection(p_projection text, p_tables text[]) returns void
language plpgsql immutable as $$
declare
    v_base constant text := regexp_replace(p_projection, '_rebuild$', '');
begin
    if v_base !~ '^[a-z_]+_v[0-9]+$'
        or exists (select from unnest(p_tables) t where not starts_with(t, v_base))
    then
        raise exception '% are not the tables of a projection %', p_tables, p_projection
            using errcode = 'insufficient_privilege';
    end if;
end $$;

-- Makes empty tables beside those of a projection, with a checkpoint at 0.
create function begin_rebuild(p_projection text) returns void
language plpgsql volatile security definer set search_path from current as $$
declare
    v_table text;
    v_tables text[];
    v_grant record;
begin
    perform drop_projection(p_projection || '_rebuild');
    select c.tables into strict v_tables from projection_checkpoints c
    where c.projection = p_projection;
    perform check_projection(p_projection, v_tables);
    foreach v_table in array v_tables loop
        execute format('create table %I (like %I including all)', v_table || '_rebuild', v_table);
        for v_grant in
            select a.privilege_type, a.grantee::regrole as grantee
            from pg_class c, aclexplode(c.relacl) a
            where c.oid = to_regclass(quote_ident(v_table)) and a.grantee <> 0
        loop
            execute format('grant %s on %I to %s',
                           v_grant.privilege_type, v_table || '_rebuild', v_grant.grantee);
        end loop;
    end loop;
    insert into projection_checkpoints (projection, tables)
    select p_projection || '_rebuild', array_agg(t || '_rebuild' order by o)
    from unnest(v_tables) with ordinality u(t, o);
end $$;

-- Keeps the leader of a projection from going on until the end of the transaction, and returns its
-- position. Readers are not kept out. The tables come first: the leader takes its locks in that
-- order, and two orders would be a deadlock.
create function hold_projection(p_projection text) returns bigint
language plpgsql volatile security definer set search_path from current as $$
declare
    v_table text;
    v_tables text[];
    v_position bigint;
begin
    select c.tables into strict v_tables from projection_checkpoints c
    where c.projection = p_projection;
    perform check_projection(p_projection, v_tables);
    foreach v_table in array v_tables loop
        execute format('lock table %I in exclusive mode', v_table);
    end loop;
    select c.position into strict v_position from projection_checkpoints c
    where c.projection = p_projection for update;
    return v_position;
end $$;

-- Puts rebuilt tables in the place of the live ones, which the caller holds (hold_projection), and
-- returns their position. The leader then finds the generation changed, and opens the projection anew.
create function finish_rebuild(p_projection text) returns bigint
language plpgsql volatile security definer set search_path from current as $$
declare
    v_table text;
    v_live record;
    v_rebuilt record;
begin
    select * into strict v_live from projection_checkpoints
    where projection = p_projection for update;
    select * into strict v_rebuilt from projection_checkpoints
    where projection = p_projection || '_rebuild' for update;
    perform check_projection(p_projection, v_live.tables);
    if v_rebuilt.position < v_live.position then
        raise exception 'the rebuild of % is at %, behind %',
            p_projection, v_rebuilt.position, v_live.position;
    end if;
    foreach v_table in array v_live.tables loop
        execute format('drop table %I', v_table);
        execute format('alter table %I rename to %I', v_table || '_rebuild', v_table);
    end loop;
    delete from projection_checkpoints where projection = p_projection || '_rebuild';
    delete from projection_parked where projection = p_projection;
    update projection_checkpoints
    set position = v_rebuilt.position, stopped = null, moved_at = clock_timestamp(),
        generation = generation + 1
    where projection = p_projection;
    return v_rebuilt.position;
end $$;

-- Removes a projection: an abandoned rebuild, or a version that no release reads any more.
create function drop_projection(p_projection text) returns void
language plpgsql volatile security definer set search_path from current as $$
declare
    v_table text;
    v_tables text[];
begin
    select c.tables into v_tables from projection_checkpoints c
    where c.projection = p_projection;
    perform check_projection(p_projection, v_tables);
    foreach v_table in array coalesce(v_tables, '{}') loop
        execute format('drop table if exists %I', v_table);
    end loop;
    delete from projection_checkpoints where projection = p_projection;
    delete from projection_parked where projection = p_projection;
end $$;
