-- psql -v users=10000 -v runs=1000000 -v messages=3400000, after data.sql: what charts are made of, for a year.
\set ON_ERROR_STOP 1
SET session_replication_role = replica;
SET maintenance_work_mem = '512MB';
CREATE FUNCTION pg_temp.key(kind int, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
  $$ SELECT (kind::text || '0000000-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid $$;
CREATE FUNCTION pg_temp.moment(number bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
  $$ SELECT timestamptz '2025-01-01Z' + number * interval '31 seconds' $$;
INSERT INTO stage_outputs (id, run_id, stage_number, markdown_output, attempt, content_hash, started_at, duration_ms, created_at,
                           updated_at)
  SELECT pg_temp.key(4, r * 10 + n), pg_temp.key(2, r), n, 'stage ' || n, 1, md5(r::text), pg_temp.moment(r),
         1000 + (r * 7919 + n * 104729) % 60000, pg_temp.moment(r) + n * interval '1 minute', pg_temp.moment(r)
  FROM generate_series(1::bigint, :runs) r CROSS JOIN generate_series(1, 5) n
  WHERE n < CASE WHEN r * 7919 % 8 BETWEEN 2 AND 6 THEN 6 ELSE 3 END;
INSERT INTO threads (thread_id, title, creation_date, update_date, user_id)
  SELECT pg_temp.key(5, t), 'Thread ' || t, timestamptz '2025-01-01Z' + t * interval '5 minutes',
         timestamptz '2025-01-01Z' + t * interval '5 minutes', pg_temp.key(1, (t - 1) % :users + 1)
  FROM generate_series(1::bigint, :messages / 34) t;
DROP INDEX ix_messages_search_vector;
INSERT INTO messages (message_id, creation_date, content, thread_id, entity, is_complete)
  SELECT pg_temp.key(6, m), timestamptz '2025-01-01Z' + m * (interval '365 days' / :messages), '{"content": "answer"}',
         pg_temp.key(5, (m - 1) % (:messages / 34) + 1), 'AI_MESSAGE', true
  FROM generate_series(1::bigint, :messages) m;
INSERT INTO token_consumption (id, message_id, type, task, count, model)
  SELECT pg_temp.key(7, m * 10 + n), pg_temp.key(6, m),
         (ARRAY['INPUT_NONCACHED','INPUT_CACHED','COMPLETION']::tokentype[])[n], 'CHAT_COMPLETION', 100 + (m * 31 + n) % 4000,
         'model-' || m % 5
  FROM generate_series(1::bigint, :messages) m CROSS JOIN generate_series(1, 3) n;
CREATE INDEX ix_messages_search_vector ON messages USING gin (search_vector);
ANALYZE;
