-- Incentive programs, and what they paid. No program pays more than its budget: a row that says so stops the
-- read model.

-- Programs; "terms" is what they say, with amounts in base units.
create table incentives_v1 (
    program_id text collate "C" primary key,
    token text collate "C" not null,
    criterion text collate "C" not null,
    budget numeric not null check (budget > 0),
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    terms json not null,
    opened_by text not null,
    opened_at timestamptz not null,
    paid numeric not null check (paid between 0 and budget),
    awards bigint not null,
    payments bigint not null,
    cancelled_at timestamptz,
    cancelled_by text,
    reason text not null,
    outcome text collate "C",
    returned numeric not null check (returned >= 0),
    agents bigint not null,
    closed_at timestamptz,
    opened_position bigint not null,
    position bigint not null,
    constraint closed check (
        (outcome is null) = (closed_at is null) and (outcome is null or returned >= budget - paid))
);
create index on incentives_v1 (opened_position);
create index on incentives_v1 (ends_at, program_id);

-- Payments, which never change: the agents, and for how many awards each got how much.
create table incentives_v1_payments (
    key text collate "C" primary key,
    program_id text collate "C" not null,
    number bigint not null check (number > 0),
    amount numeric not null check (amount > 0),
    awards json not null,
    transfer_id text collate "C" not null,
    at timestamptz not null,
    position bigint not null,
    unique (program_id, number)
);

insert into projection_checkpoints (projection, tables) values
    ('incentives_v1', array['incentives_v1', 'incentives_v1_payments']);
