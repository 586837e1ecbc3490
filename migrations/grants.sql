-- What the program's role may do when it does not own the tables: everything but write the log, which it
-- only reads. The log is written by functions that run with the rights of their owner.
grant usage, create on schema public to {role};
grant select, insert, update, delete, truncate on all tables in schema public to {role};
revoke insert, update, delete, truncate
    on store, events, stream_heads, commands, batches, leases, migrations, readable_events
    from {role};
do $$
declare
    part regclass;
begin
    for part in select inhrelid::regclass from pg_inherits where inhparent = 'events'::regclass
    loop
        execute format('revoke all on %s from %I', part, {name});
    end loop;
end $$;
grant execute on all functions in schema public to {role};
