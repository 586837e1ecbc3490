-- Budgets, and what is used of them by period and by day. What the decisions promise is a constraint here,
-- too: a row that breaks a promise stops the read model.

-- Budgets, as they were set.
create table budgets_v1 (
    budget_id text collate "C" primary key,
    scope text collate "C" not null check (scope in ('client', 'owner', 'tag')),
    match text collate "C" not null,
    amount numeric not null check (amount > 0),
    period text collate "C" not null check (period in ('day', 'week', 'month', 'once')),
    warn_ppm integer not null check (warn_ppm between 1 and 1000000),
    hard boolean not null,
    revision bigint not null,
    removed boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    created_position bigint not null,
    position bigint not null
);
create index on budgets_v1 (scope, match, budget_id);

-- What is used of each of their periods; the key is the budget's id and the period, with a slash between.
create table budgets_v1_uses (
    key text collate "C" primary key,
    budget_id text collate "C" not null,
    period text collate "C" not null,
    held numeric not null check (held >= 0),
    spent numeric not null check (spent >= 0),
    tasks bigint not null,
    warned_at timestamptz,
    exceeded_at timestamptz,
    position bigint not null
) with (fillfactor = 70);
create index on budgets_v1_uses (budget_id, period);

-- What was spent of them on each day, UTC, whichever period it counts in.
create table budgets_v1_days (
    key text collate "C" primary key,
    budget_id text collate "C" not null,
    day text collate "C" not null,
    spent numeric not null check (spent >= 0),
    tasks bigint not null
) with (fillfactor = 70);
create index on budgets_v1_days (budget_id, day);

insert into projection_checkpoints (projection, tables) values
    ('budgets_v1', array['budgets_v1', 'budgets_v1_uses', 'budgets_v1_days']);
