CREATE INDEX IF NOT EXISTS threads_user_id_update_date_thread_id_idx ON threads (user_id, update_date, thread_id);
CREATE INDEX IF NOT EXISTS threads_update_date_thread_id_idx ON threads (update_date, thread_id);
CREATE INDEX IF NOT EXISTS messages_thread_id_creation_date_message_id_idx ON messages (thread_id, creation_date, message_id);
CREATE INDEX IF NOT EXISTS tool_calls_message_id_idx ON tool_calls (message_id);
CREATE INDEX IF NOT EXISTS tool_selection_message_id_idx ON tool_selection (message_id);
CREATE INDEX IF NOT EXISTS complexity_estimation_message_id_idx ON complexity_estimation (message_id);
CREATE INDEX IF NOT EXISTS token_consumption_message_id_idx ON token_consumption (message_id);
