DROP INDEX jobs_owner_id_priority_run_at_id_idx;
DROP INDEX jobs_priority_run_at_id_idx;
CREATE INDEX jobs_queue_priority_run_at_id_idx ON jobs (queue, priority, run_at, id) WHERE state = 'queued';
