-- As `drizzle-kit migrate` leaves a file.
CREATE TABLE "__drizzle_migrations" (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric);
CREATE TABLE `threads` (
	`thread_id` blob PRIMARY KEY NOT NULL,
	`vlab_id` blob,
	`project_id` blob,
	`title` text NOT NULL,
	`creation_date` text NOT NULL,
	`update_date` text NOT NULL,
	`user_id` blob NOT NULL
);
CREATE TABLE `messages` (
	`message_id` blob PRIMARY KEY NOT NULL,
	`creation_date` text NOT NULL,
	`content` text NOT NULL,
	`thread_id` blob NOT NULL,
	`entity` text NOT NULL,
	`is_complete` integer NOT NULL,
	FOREIGN KEY (`thread_id`) REFERENCES `threads`(`thread_id`) ON UPDATE no action ON DELETE cascade
);
CREATE TABLE `token_consumption` (
	`id` blob PRIMARY KEY NOT NULL,
	`message_id` blob NOT NULL,
	`type` text NOT NULL,
	`task` text NOT NULL,
	`count` integer NOT NULL,
	`model` text NOT NULL,
	FOREIGN KEY (`message_id`) REFERENCES `messages`(`message_id`) ON UPDATE no action ON DELETE no action
);
CREATE INDEX `messages_thread_idx` ON `messages` (`thread_id`,`creation_date`,`message_id`);
INSERT INTO "__drizzle_migrations" ("hash", "created_at") VALUES ('5a1ff0c6d3bb1b8bbf6a1c1b2b1d8f0e3bb1b8bbf6a1c1b2b1d8f0e3bb1b8bbf', 1740819600000);
INSERT INTO `threads` VALUES (X'0b000000000040008000000000000001', NULL, NULL, 'A thread', '2025-03-01T09:00:00+00:00', '2025-03-01T09:00:01+00:00', X'0a000000000040008000000000000001');
INSERT INTO `messages` VALUES (X'0c000000000040008000000000000001', '2025-03-01T09:00:01+00:00', '{"content": "the hippocampus"}', X'0b000000000040008000000000000001', 'USER', 1);
