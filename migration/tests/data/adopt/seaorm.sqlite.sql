-- As `sea-orm-cli migrate up` of another program leaves a file.
CREATE TABLE IF NOT EXISTS "seaql_migrations" ( "version" varchar NOT NULL PRIMARY KEY, "applied_at" bigint NOT NULL );
CREATE TABLE IF NOT EXISTS "threads" ( "thread_id" uuid_text NOT NULL PRIMARY KEY, "vlab_id" uuid_text NULL, "project_id" uuid_text NULL, "title" varchar NOT NULL, "creation_date" timestamp_with_timezone_text NOT NULL, "update_date" timestamp_with_timezone_text NOT NULL, "user_id" uuid_text NOT NULL );
CREATE TABLE IF NOT EXISTS "messages" ( "message_id" uuid_text NOT NULL PRIMARY KEY, "creation_date" timestamp_with_timezone_text NOT NULL, "content" varchar NOT NULL, "thread_id" uuid_text NOT NULL, "entity" enum_text NOT NULL, "is_complete" boolean NOT NULL, FOREIGN KEY ("thread_id") REFERENCES "threads" ("thread_id") ON DELETE CASCADE );
CREATE INDEX "idx-messages-thread_id" ON "messages" ("thread_id");
INSERT INTO "seaql_migrations" VALUES ('m20240101_000001_create_threads', 1704067200), ('m20240201_000001_create_messages', 1706745600);
INSERT INTO "threads" VALUES (X'0b000000000040008000000000000001', NULL, NULL, 'A thread', '2025-03-01T09:00:00+00:00', '2025-03-01T09:00:01+00:00', X'0a000000000040008000000000000001');
INSERT INTO "messages" VALUES (X'0c000000000040008000000000000001', '2025-03-01T09:00:01+00:00', '{"content": "the hippocampus"}', X'0b000000000040008000000000000001', 'USER', 1);
