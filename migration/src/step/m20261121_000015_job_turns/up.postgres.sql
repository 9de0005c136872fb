DROP INDEX jobs_queue_priority_run_at_id_idx;
CREATE INDEX jobs_priority_run_at_id_idx ON jobs (priority, run_at, id) WHERE state = 'queued';
CREATE INDEX jobs_owner_id_priority_run_at_id_idx ON jobs (owner_id, priority, run_at, id) WHERE state = 'queued';
