-- The event log: events, the guard on stream heads, commands already answered, the hash chain,
-- leases, and the one function that appends.

-- Identity of this store, from which the chain of batches begins; it outlives every restore. The epoch
-- says which history positions belong to: a restore may take some back and give them out again, so it
-- makes a new one, and whoever resumes notices. place is where the epoch was in force last.
create table store (
    singleton boolean primary key default true check (singleton),
    store_id uuid not null default gen_random_uuid(),
    created_at timestamptz not null default clock_timestamp(),
    epoch uuid not null default gen_random_uuid(),
    place text
);
insert into store default values;

-- Returns the epoch; a new one when this is not where the last one was in force. The system identifier
-- is that of a cluster, which a dump is restored into or a copy is not; the timeline changes with every
-- recovery from a base backup and every promotion of a standby; the database and the table have other
-- numbers when they were made anew in the same cluster. Only a copy of the files that is started without
-- telling PostgreSQL to recover (recovery.signal) has none of these signs.
create function current_epoch() returns uuid
language plpgsql volatile security definer set search_path from current as $$
declare
    v_place constant text := concat_ws('/',
        (select c.system_identifier from pg_control_system() c),
        left(pg_walfile_name(pg_current_wal_lsn()), 8),
        (select d.oid from pg_database d where d.datname = current_database()),
        'store'::regclass::oid);
    v_epoch uuid;
begin
    -- Of nodes that start at once, one makes the new epoch and the others find the place noted.
    update store set place = v_place, epoch = case when place is null then epoch
        else gen_random_uuid() end
    where place is distinct from v_place;
    select s.epoch into strict v_epoch from store s;
    return v_epoch;
end $$;

-- Every change there ever was. Partitioned by position so that old ranges can be archived whole.
create table events (
    position bigint not null,
    stream text collate "C" not null,
    version bigint not null,
    topic text collate "C" not null,
    state bytea not null,
    recorded_at timestamptz not null,
    command_id text collate "C" not null,
    actor text collate "C" not null,
    correlation_id text collate "C",
    causation_id text collate "C",
    row_hash bytea not null,
    primary key (position)
) partition by range (position);
create index events_stream_version on events (stream, version);

-- Events are history: nobody edits them, not even by mistake as the owner.
create function refuse_rewrite() returns trigger language plpgsql as $$
begin
    raise exception 'the event log is append-only (% on %)', tg_op, tg_table_name
        using errcode = 'insufficient_privilege';
end $$;
create trigger events_append_only before update or delete or truncate on events
    for each statement execute function refuse_rewrite();

-- The partition is made apart and attached, because attaching waits for no reader; a partition made
-- in place would wait for every open transaction that has read events, and all appends with it.
create function create_event_partition(p_first bigint, p_last bigint) returns void
language plpgsql set search_path from current as $$
declare
    v_name constant text := 'events_' || lpad(p_first::text, 19, '0');
begin
    execute format('create table %I (like events)', v_name);
    execute format('alter table events attach partition %I for values from (%s) to (%s)',
                   v_name, p_first, p_last + 1);
    -- A trigger for statements on events is not asked about statements on one of its partitions.
    execute format('create trigger events_append_only before update or delete or truncate on %I'
                   ' for each statement execute function refuse_rewrite()', v_name);
end $$;
select create_event_partition(1, 10000000);

-- The guard: which event stands last in each stream. An equal version can come from another
-- history, so the command that wrote it is part of the expectation.
create table stream_heads (
    stream text collate "C" primary key,
    version bigint not null,
    command_id text collate "C" not null
) with (fillfactor = 80);

-- Outcomes of commands, so that a repeated one is answered and not applied again.
create table commands (
    command_id text collate "C" primary key,
    body_hash bytea not null,
    outcome bytea not null,
    first_position bigint not null,
    event_count integer not null,
    recorded_at timestamptz not null,
    expires boolean not null
);
create index commands_recorded_at on commands using brin (recorded_at) with (pages_per_range = 32);

-- One chain link per committed batch; the newest row is the head of the log.
create table batches (
    first_position bigint not null,
    last_position bigint primary key,
    recorded_at timestamptz not null,
    digest bytea not null,
    hash bytea not null
);
insert into batches
select 0, 0, clock_timestamp(), sha256(''), sha256(uuid_send(store_id)) from store;

-- Who leads which process, by the clock of the database.
create table leases (
    name text collate "C" primary key,
    holder text collate "C" not null,
    epoch bigint not null,
    expires_at timestamptz not null
);

create trigger batches_append_only before update or delete or truncate on batches
    for each statement execute function refuse_rewrite();

-- What auditors read: plain payloads as jsonb. The first byte of the envelope names its format;
-- 0x01 is plain JSON.
create view readable_events as
select position, stream, version, topic, recorded_at, actor, command_id, correlation_id,
       causation_id,
       case when get_byte(state, 0) = 1
            then convert_from(substring(state from 2), 'UTF8')::jsonb end as data
from events;

-- Appends one batch of requests: the only place where a request is accepted or rejected.
--
-- Requests are numbered from 1. Expectations and events are flattened, ordered by request, and name
-- streams by their index in p_streams (each stream stands there once). p_fenced numbers the requests
-- that act under a lease, p_fences and p_epochs name it and the epoch in which it was held.
--
-- p_lookups numbers the requests whose command may be known already (a client's key, a work item, a
-- resubmission), p_stream_lookups the streams that may exist already. What is left out of them and is
-- there all the same violates the primary key of commands or of stream_heads: the writer then submits
-- the batch again with everything looked up.
--
-- A command of kind 0 has an id made up for it alone: nobody can ask for its outcome, so none is kept.
-- Submitted again after a lost answer, it is known by the events that it wrote.
--
-- An expected version of 0 means that the stream does not exist; -1 the same with a first version
-- of 0 (the numbering of some programs that use the library's interface).
--
-- Status of each request:
--   0 accepted, 1 already known with the same body, 2 already known with another body,
--   3 stale (an expectation does not hold), 4 fenced (the lease has a newer epoch).
create function append_batch(
    p_store uuid,
    p_command_ids text[], p_body_hashes bytea[], p_outcomes bytea[], p_kinds smallint[],
    p_lookups integer[],
    p_fenced integer[], p_fences text[], p_epochs bigint[],
    p_expectation_counts integer[], p_event_counts integer[],
    p_streams text[], p_stream_lookups integer[], p_stream_lookup_ids text[],
    p_expected_streams integer[], p_expected_versions bigint[], p_expected_commands text[],
    p_event_requests integer[], p_event_streams integer[], p_event_stream_ids text[],
    p_event_versions bigint[], p_topics text[], p_states bytea[], p_event_commands text[],
    p_actors text[], p_correlations text[], p_causations text[], p_hashes bytea[],
    out statuses smallint[], out first_positions bigint[], out outcomes bytea[],
    out known_counts integer[], out known_at timestamptz[], out head bigint, out stamp timestamptz
) language plpgsql volatile security definer set search_path from current as $$
declare
    n constant integer := cardinality(p_command_ids);
    m constant integer := cardinality(p_streams);
    v_head bigint;
    v_next bigint;
    v_hash bytea;
    v_digest bytea;
    v_versions bigint[] := array_fill(null::bigint, array[m]);
    v_commands text[] := array_fill(null::text, array[m]);
    v_changes smallint[] := array_fill(0::smallint, array[m]);  -- 1: new stream, 2: known stream
    v_any_insert boolean := false;
    v_any_update boolean := false;
    v_accepted boolean[] := array_fill(false, array[n]);
    v_limit bigint;
    e integer := 0;
    x integer := 0;
    s integer;
    r integer;
    rec record;
begin
    perform pg_advisory_xact_lock(hashtextextended(p_store::text, 0));

    select b.last_position, b.recorded_at, b.hash into v_head, stamp, v_hash
    from batches b order by b.last_position desc limit 1;
    stamp := greatest(stamp, clock_timestamp());
    v_next := v_head;

    statuses := array_fill(0::smallint, array[n]);
    first_positions := array_fill(0::bigint, array[n]);

    if cardinality(p_lookups) > 0 then
        for rec in
            select l.r, c.body_hash = p_body_hashes[l.r] as same, c.outcome, c.first_position,
                   c.event_count, c.recorded_at
            from unnest(p_lookups) l(r)
            join commands c on c.command_id = p_command_ids[l.r]
            union all
            select u.request, true, p_outcomes[u.request], min(v.position), count(*)::integer,
                   min(v.recorded_at)
            from unnest(p_event_requests, p_event_stream_ids, p_event_versions, p_event_commands)
                u(request, stream, version, command_id)
            join events v on v.stream = u.stream and v.version = u.version
                and v.command_id = u.command_id
            where p_kinds[u.request] = 0 and u.request = any(p_lookups)
            group by u.request
        loop
            if outcomes is null then
                outcomes := array_fill(null::bytea, array[n]);
                known_counts := array_fill(null::integer, array[n]);
                known_at := array_fill(null::timestamptz, array[n]);
            end if;
            statuses[rec.r] := case when rec.same then 1 else 2 end;
            first_positions[rec.r] := rec.first_position;
            outcomes[rec.r] := rec.outcome;
            known_counts[rec.r] := rec.event_count;
            known_at[rec.r] := rec.recorded_at;
        end loop;
    end if;

    if cardinality(p_fenced) > 0 then
        for rec in
            select q.r from unnest(p_fenced, p_fences, p_epochs) q(r, name, epoch)
            where not exists (
                select from leases l where l.name = q.name and l.epoch = q.epoch)
        loop
            if statuses[rec.r] = 0 then
                statuses[rec.r] := 4;
            end if;
        end loop;
    end if;

    if cardinality(p_stream_lookups) > 0 then
        for rec in
            select l.s, h.version, h.command_id
            from unnest(p_stream_lookups, p_stream_lookup_ids) l(s, stream)
            join stream_heads h on h.stream = l.stream
        loop
            v_versions[rec.s] := rec.version;
            v_commands[rec.s] := rec.command_id;
        end loop;
    end if;

    for r in 1..n loop
        if statuses[r] = 0 then
            for i in x + 1 .. x + p_expectation_counts[r] loop
                s := p_expected_streams[i];
                if v_versions[s] is null then
                    if p_expected_versions[i] > 0 then
                        statuses[r] := 3;
                        exit;
                    end if;
                elsif v_versions[s] <> p_expected_versions[i]
                    or v_commands[s] <> p_expected_commands[i]
                then
                    statuses[r] := 3;
                    exit;
                end if;
            end loop;
        end if;
        x := x + p_expectation_counts[r];
        if statuses[r] = 0 then
            v_accepted[r] := true;
            first_positions[r] := v_next + 1;
            v_next := v_next + p_event_counts[r];
            for i in e + 1 .. e + p_event_counts[r] loop
                s := p_event_streams[i];
                if v_changes[s] = 0 then
                    if v_versions[s] is null then
                        v_changes[s] := 1;
                        v_any_insert := true;
                    else
                        v_changes[s] := 2;
                        v_any_update := true;
                    end if;
                end if;
                v_versions[s] := p_event_versions[i];
                v_commands[s] := p_event_commands[i];
            end loop;
        end if;
        e := e + p_event_counts[r];
    end loop;

    head := v_next;
    if v_next > v_head then
        v_limit := ((greatest(v_head, 1) - 1) / 10000000 + 1) * 10000000;
        if v_next > v_limit then
            perform create_event_partition(v_limit + 1, v_limit + 10000000);
        end if;

        insert into events
        select v_head + row_number() over (), u.stream, u.version, u.topic, u.state, stamp,
               u.command_id, u.actor, u.correlation, u.causation, u.row_hash
        from unnest(p_event_requests, p_event_stream_ids, p_event_versions, p_topics, p_states,
                    p_event_commands, p_actors, p_correlations, p_causations, p_hashes)
            u(request, stream, version, topic, state, command_id, actor, correlation, causation,
              row_hash)
        where v_accepted[u.request];

        if v_any_insert then
            insert into stream_heads
            select q.stream, q.version, q.command_id
            from unnest(p_streams, v_versions, v_commands, v_changes)
                q(stream, version, command_id, change)
            where q.change = 1;
        end if;
        if v_any_update then
            update stream_heads h set version = q.version, command_id = q.command_id
            from unnest(p_streams, v_versions, v_commands, v_changes)
                q(stream, version, command_id, change)
            where q.change = 2 and h.stream = q.stream;
        end if;

        select sha256(string_agg(u.row_hash, ''::bytea order by u.o)) into v_digest
        from unnest(p_event_requests, p_hashes) with ordinality u(request, row_hash, o)
        where v_accepted[u.request];

        insert into batches values (
            v_head + 1, v_next, stamp, v_digest,
            sha256(v_hash || int8send(v_head + 1) || int8send(v_next) || timestamptz_send(stamp)
                   || v_digest));
        perform pg_notify('mas_' || left(p_store::text, 8), v_next::text);
    end if;

    if 0 < any(p_kinds) then
        insert into commands
        select q.command_id, q.body_hash, q.outcome, q.first_position, q.event_count, stamp,
               q.kind = 1
        from unnest(p_command_ids, p_body_hashes, p_outcomes, first_positions, p_event_counts,
                    p_kinds, v_accepted)
            q(command_id, body_hash, outcome, first_position, event_count, kind, accepted)
        where q.accepted and q.kind > 0;
    end if;
end $$;

-- Takes a free or expired lease in a new epoch, or returns nothing. It waits for appends under way,
-- so that head bounds everything that was appended under an older epoch.
--
-- A lease that seems to last far longer than any was given for comes from before the clock was set
-- back, and would keep everybody waiting until the clock is there again. It can be taken: whoever
-- holds it is fenced, as always.
create function take_lease(p_store uuid, p_name text, p_holder text, p_seconds double precision,
                           out epoch bigint, out head bigint)
language plpgsql volatile security definer set search_path from current as $$
declare
    v_longest constant interval := make_interval(secs => greatest(60, 2 * p_seconds));
begin
    perform 1 from leases l
    where l.name = p_name and l.holder <> p_holder
        and l.expires_at > clock_timestamp() and l.expires_at <= clock_timestamp() + v_longest;
    if found then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtextextended(p_store::text, 0));
    insert into leases as l values
        (p_name, p_holder, 1, clock_timestamp() + make_interval(secs => p_seconds))
    on conflict (name) do update
    set holder = p_holder, epoch = l.epoch + 1,
        expires_at = clock_timestamp() + make_interval(secs => p_seconds)
    where l.expires_at <= clock_timestamp() or l.expires_at > clock_timestamp() + v_longest
        or l.holder = p_holder
    returning l.epoch into epoch;
    if epoch is not null then
        select b.last_position into head from batches b order by b.last_position desc limit 1;
    end if;
end $$;

-- Extends a lease that is still the caller's; false when it is not.
create function renew_lease(p_name text, p_holder text, p_epoch bigint, p_seconds double precision)
returns boolean language plpgsql volatile security definer set search_path from current as $$
begin
    update leases set expires_at = clock_timestamp() + make_interval(secs => p_seconds)
    where name = p_name and holder = p_holder and epoch = p_epoch;
    return found;
end $$;

-- Gives a lease back, so that another node need not wait for it to expire.
create function release_lease(p_name text, p_holder text, p_epoch bigint)
returns void language sql volatile security definer set search_path from current as $$
    update leases set expires_at = '-infinity'
    where name = p_name and holder = p_holder and epoch = p_epoch;
$$;

-- Forgets outcomes of commands that came with a client's key, after their time.
create function forget_commands(p_before timestamptz, p_limit integer)
returns integer language plpgsql volatile security definer set search_path from current as $$
declare
    v_count integer;
begin
    delete from commands where command_id in (
        select command_id from commands
        where expires and recorded_at < p_before limit p_limit);
    get diagnostics v_count = row_count;
    return v_count;
end $$;

-- States of long streams, so that loading one does not read all of its events. Only committed
-- states are written; a missing or outdated row costs time, never correctness.
create table stream_snapshots (
    stream text collate "C" primary key,
    shape text collate "C" not null,
    version bigint not null,
    command_id text collate "C" not null,
    state bytea not null
);
