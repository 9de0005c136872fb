-- psql -v users=100 -v runs=10000: deterministic rows in Chancery's own schema.
\set ON_ERROR_STOP 1
CREATE FUNCTION pg_temp.key(kind int, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
  $$ SELECT (kind::text || '0000000-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid $$;
CREATE FUNCTION pg_temp.moment(number bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
  $$ SELECT timestamptz '2025-01-01Z' + number * interval '31 seconds' $$;
INSERT INTO users (id, email, email_key, name, role, status, version, created_at, updated_at)
  SELECT pg_temp.key(1, u), 'user' || u || '@example.test', 'user' || u || '@example.test', 'User ' || u, 'user', 'active', 1,
         pg_temp.moment(u), pg_temp.moment(u)
  FROM generate_series(1, :users) u;
INSERT INTO runs (id, user_id, company_id, company_name, document_name, document_url, status, current_stage, error_message,
                  completed_at, attempt, version, created_at, updated_at)
  SELECT pg_temp.key(2, r), pg_temp.key(1, (r - 1) % :users + 1), 'company_' || r % (:runs / 20), 'Company ' || r % (:runs / 20),
         'document-' || r || '.pdf', 'https://files.example.test/' || r || '.pdf',
         (ARRAY['PENDING','RUNNING','COMPLETED','COMPLETED','COMPLETED','COMPLETED','COMPLETED','FAILED'])[1 + r * 7919 % 8]::run_status,
         r % 6, CASE WHEN r * 7919 % 8 = 7 THEN 'stage failed' END,
         CASE WHEN r * 7919 % 8 BETWEEN 2 AND 6 THEN pg_temp.moment(r) + interval '5 minutes' END,
         1, 1, pg_temp.moment(r), pg_temp.moment(r)
  FROM generate_series(1::bigint, :runs) r;
INSERT INTO opportunity_cards (id, run_id, user_id, number, title, tagline, problem, solution, why_now, target_segment, quick_win,
                               starred, version, created_at, updated_at)
  SELECT pg_temp.key(3, r * 10 + n), pg_temp.key(2, r), pg_temp.key(1, (r - 1) % :users + 1), n,
         'Opportunity ' || n || ' of run ' || r, repeat('tag ', 15), repeat('problem ', 25), repeat('solution ', 22),
         repeat('why now ', 15), 'segment ' || r % 9, repeat('win ', 20), (r * 31 + n) % 10 = 0, 1,
         pg_temp.moment(r), pg_temp.moment(r)
  FROM generate_series(1::bigint, :runs) r CROSS JOIN generate_series(1, 5) n;
ANALYZE;
