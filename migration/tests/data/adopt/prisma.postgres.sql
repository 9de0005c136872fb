-- As `prisma migrate deploy` leaves a database whose models are mapped to our tables.
CREATE TABLE "_prisma_migrations" (
    "id" VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum" VARCHAR(64) NOT NULL,
    "finished_at" TIMESTAMPTZ,
    "migration_name" VARCHAR(255) NOT NULL,
    "logs" TEXT,
    "rolled_back_at" TIMESTAMPTZ,
    "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
    "applied_steps_count" INTEGER NOT NULL DEFAULT 0
);
CREATE TYPE "user_role" AS ENUM ('user', 'operator', 'admin');
CREATE TYPE "user_status" AS ENUM ('active', 'suspended');
CREATE TYPE "entity" AS ENUM ('USER', 'AI_TOOL', 'TOOL', 'AI_MESSAGE');
CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "email" VARCHAR(255),
    "email_key" VARCHAR(255),
    "name" TEXT,
    "password_hash" VARCHAR(255),
    "role" "user_role" NOT NULL,
    "status" "user_status" NOT NULL,
    "last_login" TIMESTAMPTZ(6),
    "version" BIGINT NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,
    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);
CREATE TABLE "threads" (
    "thread_id" UUID NOT NULL,
    "vlab_id" UUID,
    "project_id" UUID,
    "title" TEXT NOT NULL,
    "creation_date" TIMESTAMPTZ(6) NOT NULL,
    "update_date" TIMESTAMPTZ(6) NOT NULL,
    "user_id" UUID NOT NULL,
    CONSTRAINT "threads_pkey" PRIMARY KEY ("thread_id")
);
CREATE TABLE "messages" (
    "message_id" UUID NOT NULL,
    "creation_date" TIMESTAMPTZ(6) NOT NULL,
    "content" TEXT NOT NULL,
    "thread_id" UUID NOT NULL,
    "entity" "entity" NOT NULL,
    "is_complete" BOOLEAN NOT NULL,
    "search_vector" tsvector,
    CONSTRAINT "messages_pkey" PRIMARY KEY ("message_id")
);
CREATE TABLE "Feedback" ("id" TEXT NOT NULL, "messageId" UUID NOT NULL, CONSTRAINT "Feedback_pkey" PRIMARY KEY ("id"));
CREATE UNIQUE INDEX "users_email_key_key" ON "users"("email_key");
CREATE INDEX "users_created_at_id_idx" ON "users"("created_at", "id");
ALTER TABLE "messages" ADD CONSTRAINT "messages_thread_id_fkey" FOREIGN KEY ("thread_id") REFERENCES "threads"("thread_id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Feedback" ADD CONSTRAINT "Feedback_messageId_fkey" FOREIGN KEY ("messageId") REFERENCES "messages"("message_id") ON DELETE RESTRICT ON UPDATE CASCADE;
INSERT INTO "_prisma_migrations" VALUES ('742ccc72-6267-4be9-a116-6006a1560048', '72632b48c069136b09ed5ce9c08705b459b0a22af0a64d83d10933068026b501', '2025-01-21 14:09:30+00', '20250121000000_init', NULL, NULL, '2025-01-21 14:09:29+00', 1);
INSERT INTO "users" ("id", "email", "role", "status", "updated_at") VALUES ('0a000000-0000-4000-8000-000000000001', 'ann@example.com', 'user', 'active', now());
INSERT INTO "threads" VALUES ('0b000000-0000-4000-8000-000000000001', NULL, NULL, 'A thread', '2025-03-01 09:00:00+00', '2025-03-01 09:00:01+00', '0a000000-0000-4000-8000-000000000001');
INSERT INTO "messages" VALUES ('0c000000-0000-4000-8000-000000000001', '2025-03-01 09:00:01+00', '{"content": "the hippocampus"}', '0b000000-0000-4000-8000-000000000001', 'USER', true);
