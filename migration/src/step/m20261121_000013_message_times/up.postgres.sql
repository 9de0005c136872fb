CREATE INDEX CONCURRENTLY IF NOT EXISTS messages_creation_date_message_id_idx ON messages (creation_date, message_id);
