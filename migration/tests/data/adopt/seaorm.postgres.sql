-- As `sea-orm-cli migrate up` of another program leaves a database.
CREATE TABLE IF NOT EXISTS "seaql_migrations" ( "version" varchar NOT NULL PRIMARY KEY, "applied_at" bigint NOT NULL );
CREATE TYPE "entity" AS ENUM ('USER', 'AI_TOOL', 'TOOL', 'AI_MESSAGE');
CREATE TABLE IF NOT EXISTS "threads" ( "thread_id" uuid NOT NULL PRIMARY KEY, "vlab_id" uuid NULL, "project_id" uuid NULL, "title" varchar NOT NULL, "creation_date" timestamp with time zone NOT NULL, "update_date" timestamp with time zone NOT NULL, "user_id" uuid NOT NULL );
CREATE TABLE IF NOT EXISTS "messages" ( "message_id" uuid NOT NULL PRIMARY KEY, "creation_date" timestamp with time zone NOT NULL, "content" varchar NOT NULL, "thread_id" uuid NOT NULL, "entity" entity NOT NULL, "is_complete" bool NOT NULL, "search_vector" tsvector, CONSTRAINT "fk-messages-thread_id" FOREIGN KEY ("thread_id") REFERENCES "threads" ("thread_id") ON DELETE CASCADE );
CREATE INDEX "idx-messages-thread_id" ON "messages" ("thread_id");
INSERT INTO "seaql_migrations" VALUES ('m20240101_000001_create_threads', 1704067200), ('m20240201_000001_create_messages', 1706745600);
INSERT INTO "threads" VALUES ('0b000000-0000-4000-8000-000000000001', NULL, NULL, 'A thread', '2025-03-01 09:00:00+00', '2025-03-01 09:00:01+00', '0a000000-0000-4000-8000-000000000001');
INSERT INTO "messages" VALUES ('0c000000-0000-4000-8000-000000000001', '2025-03-01 09:00:01+00', '{"content": "the hippocampus"}', '0b000000-0000-4000-8000-000000000001', 'USER', true);
