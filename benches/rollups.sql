-- What the server sums up of tokens when it starts, at once instead of day by day. Runs, stages and who was active it builds by
-- itself: the rows of large.sql come in past its triggers.
\set ON_ERROR_STOP 1
SET synchronous_commit = off;
SET work_mem = '512MB';
TRUNCATE token_rollups, token_hour_rollups, token_day_rollups, token_user_rollups, user_day_rollups, user_month_rollups, thread_rollups;
CREATE TEMP TABLE spent AS
  SELECT date_bin('15 minutes', m.creation_date, timestamptz '2000-01-01Z') AS quarter, t.user_id, m.thread_id, m.message_id,
         c.model, c.task, c.type, c.count
  FROM messages m JOIN threads t USING (thread_id) JOIN token_consumption c USING (message_id);
ANALYZE spent;
INSERT INTO token_rollups (id, bucket_start, model, task, type, count, messages, created_at, updated_at)
  SELECT gen_random_uuid(), quarter, model, task, type, sum(count), count(DISTINCT message_id), now(), now()
  FROM spent GROUP BY quarter, model, task, type;
INSERT INTO token_hour_rollups (id, bucket_start, model, task, type, count, messages, created_at, updated_at)
  SELECT gen_random_uuid(), date_trunc('hour', bucket_start, 'UTC'), model, task, type, sum(count), sum(messages), now(), now()
  FROM token_rollups GROUP BY 2, model, task, type;
INSERT INTO token_day_rollups (id, day, model, task, type, count, messages, created_at, updated_at)
  SELECT gen_random_uuid(), (bucket_start AT TIME ZONE 'UTC')::date, model, task, type, sum(count), sum(messages), now(), now()
  FROM token_rollups GROUP BY 2, model, task, type;
INSERT INTO token_user_rollups (id, bucket_start, user_id, model, task, type, count, messages, created_at, updated_at)
  SELECT gen_random_uuid(), quarter, user_id, model, task, type, sum(count), count(*), now(), now()
  FROM spent GROUP BY quarter, user_id, model, task, type;
INSERT INTO user_day_rollups (id, day, user_id, messages, tokens, created_at, updated_at)
  SELECT gen_random_uuid(), (quarter AT TIME ZONE 'UTC')::date, user_id, count(DISTINCT message_id), sum(count), now(), now()
  FROM spent GROUP BY 2, user_id;
INSERT INTO user_month_rollups (id, month, user_id, messages, tokens, created_at, updated_at)
  SELECT gen_random_uuid(), date_trunc('month', day)::date, user_id, sum(messages), sum(tokens), now(), now()
  FROM user_day_rollups GROUP BY 2, user_id;
INSERT INTO thread_rollups (id, thread_id, messages, tokens, created_at, updated_at)
  SELECT gen_random_uuid(), thread_id, count(DISTINCT message_id), sum(count), now(), now() FROM spent GROUP BY thread_id;
UPDATE rollup_state SET built_at = now(), reconciled_to = now();
