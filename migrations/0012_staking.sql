-- The stakes of agents. "state" is the whole stake as the program folds it; the figures follow from it, and
-- from each other: what is checked here is what no event may ever break. Amounts are base units.
create table stakes_v1 (
    agent_id text collate "C" primary key,
    bonded numeric not null check (bonded >= 0),
    maturing numeric not null check (maturing >= 0),
    effective numeric not null check (effective >= 0),
    earning numeric not null check (earning >= 0),
    delegated numeric not null check (delegated >= 0),
    received numeric not null check (received >= 0),
    bonded_gov numeric not null check (bonded_gov >= 0),
    unbonding numeric not null check (unbonding >= 0),
    unbonding_gov numeric not null check (unbonding_gov >= 0),
    claimed numeric not null check (claimed >= 0),
    jailed_until timestamptz,
    state jsonb not null,
    version bigint not null,
    updated_at timestamptz not null,
    position bigint not null,
    check (maturing + delegated <= bonded),
    check (earning = case when jailed_until is null then bonded - maturing else 0 end),
    check (effective = case when jailed_until is null
        then bonded - maturing - delegated + received else 0 end)
) with (fillfactor = 70);
create index on stakes_v1 (effective, agent_id);

-- The agent directory, third version: with the stake that an agent has, which makes its tier, in place of
-- the one that it wanted to have when it registered.
create table agent_directory_v3 (like agent_directory_v2 including all);
create table agent_directory_v3_work (like agent_directory_v2_work including all) with (fillfactor = 50);
-- Apart from what agents declare: it may be there before they register, and stays when they leave.
create table agent_directory_v3_stake (
    agent_id text collate "C" primary key,
    effective numeric not null,
    position bigint not null
) with (fillfactor = 70);
create index on agent_directory_v3_stake (effective, agent_id);

insert into projection_checkpoints (projection, tables) values
    ('stakes_v1', array['stakes_v1']),
    ('agent_directory_v3', array['agent_directory_v3', 'agent_directory_v3_work',
        'agent_directory_v3_stake']);

-- A database that was made just now has never had any use for the one before.
select drop_projection(projection) from projection_checkpoints
where projection = 'agent_directory_v2' and position = 0;
