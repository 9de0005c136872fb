-- As `drizzle-kit migrate` leaves a database.
CREATE SCHEMA "drizzle";
CREATE TABLE "drizzle"."__drizzle_migrations" (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint);
CREATE TYPE "public"."entity" AS ENUM('USER', 'AI_TOOL', 'TOOL', 'AI_MESSAGE');
CREATE TYPE "public"."tokentype" AS ENUM('INPUT_NONCACHED', 'INPUT_CACHED', 'COMPLETION');
CREATE TYPE "public"."task" AS ENUM('CHAT_COMPLETION', 'TOOL_SELECTION', 'CALL_WITHIN_TOOL');
CREATE TABLE "threads" (
	"thread_id" uuid PRIMARY KEY NOT NULL,
	"vlab_id" uuid,
	"project_id" uuid,
	"title" varchar NOT NULL,
	"creation_date" timestamp with time zone NOT NULL,
	"update_date" timestamp with time zone NOT NULL,
	"user_id" uuid NOT NULL
);
CREATE TABLE "messages" (
	"message_id" uuid PRIMARY KEY NOT NULL,
	"creation_date" timestamp with time zone NOT NULL,
	"content" varchar NOT NULL,
	"thread_id" uuid NOT NULL,
	"entity" "entity" NOT NULL,
	"is_complete" boolean NOT NULL,
	"search_vector" "tsvector"
);
CREATE TABLE "token_consumption" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"message_id" uuid NOT NULL,
	"type" "tokentype" NOT NULL,
	"task" "task" NOT NULL,
	"count" integer NOT NULL,
	"model" varchar NOT NULL
);
ALTER TABLE "messages" ADD CONSTRAINT "messages_thread_id_threads_thread_id_fk" FOREIGN KEY ("thread_id") REFERENCES "public"."threads"("thread_id") ON DELETE cascade ON UPDATE no action;
ALTER TABLE "token_consumption" ADD CONSTRAINT "token_consumption_message_id_messages_message_id_fk" FOREIGN KEY ("message_id") REFERENCES "public"."messages"("message_id") ON DELETE no action ON UPDATE no action;
CREATE INDEX "messages_thread_idx" ON "messages" USING btree ("thread_id","creation_date","message_id");
INSERT INTO "drizzle"."__drizzle_migrations" ("hash", "created_at") VALUES ('5a1ff0c6d3bb1b8bbf6a1c1b2b1d8f0e3bb1b8bbf6a1c1b2b1d8f0e3bb1b8bbf', 1740819600000);
INSERT INTO "threads" VALUES ('0b000000-0000-4000-8000-000000000001', NULL, NULL, 'A thread', '2025-03-01 09:00:00+00', '2025-03-01 09:00:01+00', '0a000000-0000-4000-8000-000000000001');
INSERT INTO "messages" VALUES ('0c000000-0000-4000-8000-000000000001', '2025-03-01 09:00:01+00', '{"content": "the hippocampus"}', '0b000000-0000-4000-8000-000000000001', 'USER', true);
