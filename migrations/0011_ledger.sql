-- The ledger: accounts as they stand, every line of them, transfers, and months that were closed. What the
-- decisions promise is a constraint here, too: a row that breaks a promise stops the read model.

-- Tells whether legs [{"account": "wallet:AIA:a", "amount": "-5"}, ...] sum to 0 per token, one leg per
-- account, none of them of nothing. The token is the second word of an account's id.
create function ledger_balanced(p_legs jsonb) returns boolean
language sql immutable parallel safe as $$
    select count(distinct l.account) = count(*)
        and coalesce(bool_and(l.amount <> 0), true)
        and not exists (
            select from jsonb_to_recordset(p_legs) s(account text, amount numeric)
            group by split_part(s.account, ':', 2) having sum(s.amount) <> 0)
    from jsonb_to_recordset(p_legs) l(account text, amount numeric)
$$;

-- Accounts, where they stand. Credits and debits are the sums of their lines; the balance is what the last
-- event said.
create table ledger_v1 (
    account_id text collate "C" primary key,
    purpose text collate "C" not null,
    token text collate "C" not null,
    owner text collate "C",
    balance numeric not null,
    held numeric not null check (held >= 0),
    credits numeric not null,
    debits numeric not null,
    lines bigint not null check (lines > 0),
    opened_at timestamptz not null,
    updated_at timestamptz not null,
    opened_position bigint not null,
    position bigint not null,
    constraint continuous check (balance = credits - debits),
    constraint available check (
        case when purpose = 'issuance' then balance <= 0 and held = 0 else balance >= held end)
) with (fillfactor = 70);
create index on ledger_v1 (owner, account_id) where owner is not null;
create index on ledger_v1 (token, balance);

-- Their lines, which never change: what came or went, and what there was afterwards.
create table ledger_v1_entries (
    position bigint primary key,
    account_id text collate "C" not null,
    line bigint not null check (line > 0),
    transfer_id text collate "C" not null,
    reason text collate "C" not null,
    amount numeric not null,
    balance numeric not null,
    held numeric not null check (held >= 0),
    at timestamptz not null,
    constraint begun check (line > 1 or balance = amount),
    constraint available check (
        case when starts_with(account_id, 'issuance:') then balance <= 0 and held = 0
        else balance >= held end),
    unique (account_id, line)
);
create index on ledger_v1_entries (account_id, position);
create index on ledger_v1_entries (account_id, at, position);

-- Transfers: "held" is what was set aside for one that is, or was, pending; "legs" is what has moved.
create table ledger_v1_transfers (
    transfer_id text collate "C" primary key,
    status text collate "C" not null check (
        status in ('posted', 'pending', 'voided', 'expired')),
    reason text collate "C" not null,
    held jsonb,
    legs jsonb not null,
    amount numeric not null,
    metadata json not null,
    accounts text[] not null,
    owners text[] not null,
    tokens text[] not null,
    by text not null,
    made_at timestamptz not null,
    expires_at timestamptz,
    ended_at timestamptz,
    reverses text collate "C",
    reversed_by text collate "C",
    made_position bigint not null,
    position bigint not null,
    constraint balanced check (ledger_balanced(legs)),
    constraint moved check ((status = 'posted') = (jsonb_array_length(legs) > 0))
) with (fillfactor = 80);
create index on ledger_v1_transfers (made_position);
create index on ledger_v1_transfers (made_at);
create unique index on ledger_v1_transfers (reverses) where reverses is not null;
create index on ledger_v1_transfers using gin (accounts, owners);

-- Months of accounts that were closed: what the statement said then, and the hash over its lines.
create table ledger_v1_closed (
    key text collate "C" primary key, -- account:month
    account_id text collate "C" not null,
    month text collate "C" not null,
    opening numeric not null,
    closing numeric not null,
    credits numeric not null,
    debits numeric not null,
    lines bigint not null,
    first_line bigint not null,
    hash text not null,
    by text not null,
    closed_at timestamptz not null,
    position bigint not null,
    unique (account_id, month),
    constraint sums check (closing = opening + credits - debits)
);

insert into projection_checkpoints (projection, tables) values
    ('ledger_v1', array['ledger_v1', 'ledger_v1_entries', 'ledger_v1_transfers', 'ledger_v1_closed']);
