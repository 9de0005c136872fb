//! The other backend, whose database was taken over and which goes on writing into it.

use entity::id::{MessageId, ThreadId};
use sea_orm::{ConnectionTrait, Statement};

use crate::TestApp;

/// What its trigger makes of a message is the database's business, as ours is to find it.
const SAY: &str = "INSERT INTO messages
        (message_id, creation_date, content, thread_id, entity, is_complete)
    VALUES ($1, $2, $3, $4, 'USER', true)";
const SPEND: &str = "INSERT INTO token_consumption (id, message_id, type, task, count, model)
    VALUES ($1, $2, 'COMPLETION', 'CHAT_COMPLETION', $3, 'openai/gpt-5.1')";
const MOVE: &str = "UPDATE threads SET update_date = $2 WHERE thread_id = $1";

/// The other backend.
pub struct OtherBackend<'a>(pub &'a TestApp);

impl OtherBackend<'_> {
    /// Have it say something in a thread, which costs some tokens.
    pub async fn says(&self, thread: ThreadId, text: &str, tokens: i32) {
        let tx = self.0.system().write().await.unwrap();
        let id = MessageId::from(uuid::Uuid::new_v4());
        let content = serde_json::json!({ "role": "user", "content": text }).to_string();
        for (sql, values) in [
            (
                SAY,
                vec![id.into(), tx.now.into(), content.into(), thread.into()],
            ),
            (
                SPEND,
                vec![uuid::Uuid::new_v4().into(), id.into(), tokens.into()],
            ),
            (MOVE, vec![thread.into(), tx.now.into()]),
        ] {
            let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
            tx.execute_raw(statement).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}
