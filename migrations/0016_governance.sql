-- Governance. Proposals: "state" is all that their events leave, the columns beside it are what lists
-- are filtered and sorted by. "snapshot" is the position of the log at which power counts.
create table governance_v1 (
    proposal_id text collate "C" primary key,
    kind text collate "C" not null,
    status text collate "C" not null check (status in ('pending', 'active', 'succeeded', 'defeated',
        'queued', 'executed', 'expired', 'cancelled', 'vetoed')),
    proposer text collate "C" not null,
    state json not null,
    snapshot bigint check ((snapshot is null) = (status = 'pending') or status in ('cancelled', 'vetoed')),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    created_position bigint not null,
    version bigint not null,
    position bigint not null check (position >= created_position)
) with (fillfactor = 70);
create index on governance_v1 (created_position, proposal_id);
create index on governance_v1 (status, created_position);
create index on governance_v1 (proposer, created_position);

-- Votes, each final; power in base units, as it was at the snapshot.
create table governance_v1_votes (
    vote text collate "C" primary key,
    proposal_id text collate "C" not null,
    voter text collate "C" not null,
    choice text collate "C" not null check (choice in ('yes', 'no', 'abstain', 'veto')),
    own numeric not null check (own >= 0),
    delegated numeric not null check (delegated >= 0),
    reason text not null,
    at timestamptz not null,
    position bigint not null,
    unique (proposal_id, voter),
    check (own + delegated > 0)
);
create index on governance_v1_votes (proposal_id, position);
create index on governance_v1_votes (voter, position);

-- To whom the votes of an agent go ("": to nobody any more).
create table governance_v1_delegations (
    agent_id text collate "C" primary key,
    delegate text collate "C" not null check (delegate <> agent_id),
    since timestamptz not null,
    position bigint not null
) with (fillfactor = 70);
create index on governance_v1_delegations (delegate, agent_id) where delegate <> '';

insert into projection_checkpoints (projection, tables) values
    ('governance_v1', array['governance_v1', 'governance_v1_votes', 'governance_v1_delegations']);
