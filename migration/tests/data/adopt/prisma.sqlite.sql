-- As `prisma migrate deploy` leaves a file whose models are mapped to our tables: keys are Bytes, times are texts.
CREATE TABLE "_prisma_migrations" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
);
CREATE TABLE "users" (
    "id" BLOB NOT NULL PRIMARY KEY,
    "email" TEXT,
    "email_key" TEXT,
    "name" TEXT,
    "password_hash" TEXT,
    "role" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "last_login" DATETIME,
    "version" BIGINT NOT NULL DEFAULT 1,
    "created_at" DATETIME NOT NULL,
    "updated_at" DATETIME NOT NULL
);
CREATE TABLE "threads" (
    "thread_id" BLOB NOT NULL PRIMARY KEY,
    "vlab_id" BLOB,
    "project_id" BLOB,
    "title" TEXT NOT NULL,
    "creation_date" DATETIME NOT NULL,
    "update_date" DATETIME NOT NULL,
    "user_id" BLOB NOT NULL
);
CREATE TABLE "messages" (
    "message_id" BLOB NOT NULL PRIMARY KEY,
    "creation_date" DATETIME NOT NULL,
    "content" TEXT NOT NULL,
    "thread_id" BLOB NOT NULL,
    "entity" TEXT NOT NULL,
    "is_complete" BOOLEAN NOT NULL,
    CONSTRAINT "messages_thread_id_fkey" FOREIGN KEY ("thread_id") REFERENCES "threads" ("thread_id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE "Feedback" ("id" TEXT NOT NULL PRIMARY KEY, "messageId" BLOB NOT NULL, CONSTRAINT "Feedback_messageId_fkey" FOREIGN KEY ("messageId") REFERENCES "messages" ("message_id") ON DELETE RESTRICT ON UPDATE CASCADE);
CREATE UNIQUE INDEX "users_email_key_key" ON "users"("email_key");
CREATE INDEX "users_created_at_id_idx" ON "users"("created_at", "id");
INSERT INTO "_prisma_migrations" VALUES ('742ccc72-6267-4be9-a116-6006a1560048', '72632b48c069136b09ed5ce9c08705b459b0a22af0a64d83d10933068026b501', 1737468570000, '20250121000000_init', NULL, NULL, 1737468569000, 1);
INSERT INTO "users" ("id", "email", "role", "status", "created_at", "updated_at") VALUES (X'0a000000000040008000000000000001', 'ann@example.com', 'user', 'active', '2025-03-01T09:00:00+00:00', '2025-03-01T09:00:00+00:00');
INSERT INTO "threads" VALUES (X'0b000000000040008000000000000001', NULL, NULL, 'A thread', '2025-03-01T09:00:00+00:00', '2025-03-01T09:00:01+00:00', X'0a000000000040008000000000000001');
INSERT INTO "messages" VALUES (X'0c000000000040008000000000000001', '2025-03-01T09:00:01+00:00', '{"content": "the hippocampus"}', X'0b000000000040008000000000000001', 'USER', 1);
