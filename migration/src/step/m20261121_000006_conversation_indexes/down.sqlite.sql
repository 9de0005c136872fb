DROP INDEX IF EXISTS token_consumption_message_id_idx;
DROP INDEX IF EXISTS complexity_estimation_message_id_idx;
DROP INDEX IF EXISTS tool_selection_message_id_idx;
DROP INDEX IF EXISTS tool_calls_message_id_idx;
DROP INDEX IF EXISTS messages_thread_id_creation_date_message_id_idx;
DROP INDEX IF EXISTS threads_update_date_thread_id_idx;
DROP INDEX IF EXISTS threads_user_id_update_date_thread_id_idx;
