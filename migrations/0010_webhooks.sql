-- What is sent to the endpoints of agents is signed with secrets that are derived from this one; it is made
-- when it is first needed, unless the configuration has one.
create table webhook_master_secret (
    one boolean primary key default true check (one),
    secret bytea not null check (length(secret) = 32)
);

-- How deliveries to each endpoint went of late. Not events: what follows from them is one. "since" is the
-- position of the event by which the endpoint became what it is; figures of another one count no longer.
create table webhook_figures (
    agent_id text collate "C" primary key,
    since bigint not null,
    failures integer not null,
    delivered_at timestamptz not null,
    webhook_id text not null,
    outcome text not null,
    status integer
) with (fillfactor = 70);

-- No event of a former release says anything about this: the rows are what a rebuild would make of them.
alter table agent_directory_v2 add column endpoint_disabled text;
