//! Accounts, and what goes with them.

use entity::conversation::message::MessageEntity;
use entity::conversation::token_consumption::{TokenTask, TokenType};
use entity::id::{ThreadId, ToolCallId, UserId};
use entity::identity::user::UserRole;
use reqwest::StatusCode;
use service::conversation::{
    NewComplexity, NewMessage, NewThread, NewTokens, NewToolCall, NewToolSelection, append, create,
    thread, threads,
};
use service::{Ctx, page};
use tests::{TestApp, run_body};

/// A thread of `user` with a message that has something in every table.
async fn say(ctx: &Ctx, user: UserId, call: &str) -> ThreadId {
    let new = NewThread {
        user: Some(user),
        ..NewThread::default()
    };
    let thread = create(ctx, new).await.unwrap();
    let message = NewMessage {
        id: None,
        creation_date: None,
        entity: MessageEntity::AiTool,
        content: "{}".to_owned(),
        is_complete: true,
        tool_calls: vec![NewToolCall {
            id: ToolCallId(call.to_owned()),
            name: "search".to_owned(),
            arguments: "{}".to_owned(),
            validated: None,
        }],
        tool_selections: vec![NewToolSelection {
            id: None,
            tool_name: "search".to_owned(),
        }],
        complexity: vec![NewComplexity {
            id: None,
            complexity: Some(3),
            model: "m".to_owned(),
            reasoning: None,
        }],
        tokens: vec![NewTokens {
            id: None,
            kind: TokenType::Completion,
            task: TokenTask::ChatCompletion,
            count: 7,
            model: "m".to_owned(),
        }],
    };
    append(ctx, thread.id, vec![message], "").await.unwrap();
    thread.id
}

#[tokio::test]
async fn a_person_who_is_removed_leaves_nothing_behind() {
    for app in TestApp::each().await {
        app.adopted().await;
        let (ann, bob) = (
            app.user("ann", UserRole::User).await,
            app.user("bob", UserRole::User).await,
        );
        ann.post("/api/v1/runs", run_body("report.pdf")).await;
        let (admin, id) = (app.system(), ann.id().await);
        say(&admin, id, "call-1").await;
        let gone = say(&admin, id, "call-2").await;
        let kept = say(&admin, bob.id().await, "call-3").await;

        service::identity::delete_user(&admin, id).await.unwrap();

        assert_eq!(ann.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
        let left = threads(&admin, Default::default(), page::Request::default());
        let left: Vec<_> = left.await.unwrap().items.iter().map(|one| one.id).collect();
        assert_eq!(left, [kept], "{}", app.engine);
        let missing = thread(&admin, gone).await.unwrap_err();
        assert_eq!(missing.code(), "thread.not_found");
        let runs = service::pipeline::runs(&admin, Default::default(), page::Request::default());
        assert!(runs.await.unwrap().items.is_empty(), "{}", app.engine);
        let again = service::identity::delete_user(&admin, id).await;
        assert_eq!(again.unwrap_err().code(), "user.not_found");
        app.stop().await;
    }
}
