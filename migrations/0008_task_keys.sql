-- Tasks are found by their keys; those that have none cost nothing.
create index on task_board_v2_specs (concurrency_key, submitted_position)
    where concurrency_key is not null;
create index on task_board_v2_specs (dedup_key, submitted_position) where dedup_key is not null;
