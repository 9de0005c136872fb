//! Threads of people with an assistant: questions, tools, answers, and the tokens that they cost.

use chrono::{DateTime, TimeDelta, Utc};
use entity::analytics::model_price;
use entity::conversation::complexity_estimation::{self, ReasoningLevel};
use entity::conversation::message::{self, MessageEntity};
use entity::conversation::token_consumption::{self, TokenTask};
use entity::conversation::{thread, tool_call, tool_selection};
use entity::id::{MessageId, ThreadId, ToolCallId};
use serde_json::json;

use super::dice::Dice;
use super::people::People;
use super::price::{self, MODELS, TYPES};
use super::rows::Rows;
use super::text::{self, Words};
use crate::error::Result;

const THREADS: usize = 430;

/// The model of a thread: the first ones are the usual, but none is rare.
fn model(dice: &Dice) -> &'static str {
    let (model, _) = if dice.percent(45) {
        dice.pick(&MODELS)
    } else {
        dice.favour(&MODELS)
    };
    model
}

/// All that the threads hold.
#[derive(Default)]
struct Book {
    threads: Vec<thread::Model>,
    messages: Vec<message::Model>,
    calls: Vec<tool_call::Model>,
    selections: Vec<tool_selection::Model>,
    complexity: Vec<complexity_estimation::Model>,
    tokens: Vec<token_consumption::Model>,
}

/// Write the threads, and what the models cost.
pub(super) async fn write(rows: &mut Rows<'_>, people: &People) -> Result<()> {
    let dice = Dice::of("conversation");
    let topics = text::read(include_str!("words/topics.txt"));
    let sentences = text::read(include_str!("words/sentences.txt"));
    let mut book = Book::default();
    for begun in dice.moments(rows.now, THREADS, TimeDelta::minutes(150)) {
        let topic = dice
            .favour(&topics)
            .narrowed(&dice, &["subject", "measure"]);
        let mut talk = Talk {
            dice: &dice,
            topic: &topic,
            sentences: &sentences[0],
            model: model(&dice),
            read: dice.number(1_800, 4_000),
            at: begun,
            thread: dice.id(begun),
        };
        let person = people.at(&dice, begun);
        talk.run(&mut book);
        book.threads.push(thread::Model {
            id: talk.thread,
            vlab_id: dice.percent(30).then(|| dice.uuid()),
            project_id: dice.percent(30).then(|| dice.uuid()),
            title: talk.topic.say(&dice, talk.sentences, "title"),
            creation_date: begun,
            update_date: talk.at,
            user_id: person.id,
        });
    }
    rows.put(thread::Entity, book.threads).await?;
    rows.put(message::Entity, book.messages).await?;
    rows.put(tool_call::Entity, book.calls).await?;
    rows.put(tool_selection::Entity, book.selections).await?;
    rows.put(complexity_estimation::Entity, book.complexity)
        .await?;
    rows.put(token_consumption::Entity, book.tokens).await?;
    let prices = price::all(rows, &dice);
    rows.put(model_price::Entity, prices).await
}

/// One thread as it goes on.
struct Talk<'a> {
    dice: &'a Dice,
    topic: &'a Words,
    sentences: &'a Words,
    model: &'static str,
    /// How many tokens the thread is long: what a turn reads anew, the next reads from the cache.
    read: u64,
    at: DateTime<Utc>,
    thread: ThreadId,
}

impl Talk<'_> {
    fn run(&mut self, book: &mut Book) {
        let turns = self.dice.number::<u32>(1, 4) + self.dice.number::<u32>(0, 3);
        for turn in 0..turns {
            if turn > 0 {
                self.at += self.dice.seconds(40, 600);
            }
            self.ask(book);
            while self.dice.percent(58) {
                self.look_up(book);
                if self.dice.percent(55) {
                    break;
                }
            }
            self.answer(book, turn + 1 < turns || self.dice.percent(98));
        }
    }

    fn ask(&mut self, book: &mut Book) {
        let (dice, topic) = (self.dice, self.topic);
        let question = topic.say(dice, self.sentences, "question");
        let id = self.say(book, MessageEntity::User, "user", &question, true);
        book.complexity.push(complexity_estimation::Model {
            id: dice.id(self.at),
            complexity: (!dice.percent(6)).then(|| dice.number(1, 10)),
            model: MODELS[0].0.to_owned(),
            reasoning: Some(*dice.favour(&[
                ReasoningLevel::None,
                ReasoningLevel::Low,
                ReasoningLevel::Minimal,
                ReasoningLevel::Medium,
                ReasoningLevel::High,
            ])),
            message_id: id,
        });
        for tool in topic.list("tool") {
            if dice.percent(70) {
                book.selections.push(tool_selection::Model {
                    id: dice.id(self.at),
                    message_id: id,
                    tool_name: (*tool).to_owned(),
                });
            }
        }
        let spent = [dice.number(700, 1_900), 0, dice.number(8, 40)];
        self.spend(book, id, TokenTask::ToolSelection, MODELS[0].0, spent);
    }

    fn look_up(&mut self, book: &mut Book) {
        let (dice, topic) = (self.dice, self.topic);
        self.at += dice.seconds(1, 6);
        let asked = self.say(book, MessageEntity::AiTool, "assistant", "", true);
        let written = dice.number(40, 220);
        self.spend_turn(book, asked, written);
        for _ in 0..dice.number::<u32>(1, 2) {
            let (call, tool) = (
                format!("call_{}", dice.hex::<12>()),
                topic.one(dice, "tool"),
            );
            book.calls.push(tool_call::Model {
                id: ToolCallId(call.clone()),
                name: tool.to_owned(),
                arguments: json!({
                    "query": topic.one(dice, "subject"), "limit": dice.number::<u32>(5, 50),
                })
                .to_string(),
                validated: dice.percent(25).then(|| dice.percent(85)),
                message_id: asked,
            });
            self.at += dice.seconds(1, 14);
            let found: Vec<String> = (0..dice.number::<u32>(1, 3))
                .map(|_| topic.say(dice, self.sentences, "finding"))
                .collect();
            let content = json!({
                "role": "tool", "tool_call_id": call, "tool_name": tool,
                "content": json!({ "rows": found }).to_string(),
            });
            let id = self.put(book, MessageEntity::Tool, &content, true);
            self.read += dice.number::<u64>(300, 2_400);
            if dice.percent(30) {
                let spent = [dice.number(500, 6_000), 0, dice.number(60, 400)];
                self.spend(book, id, TokenTask::CallWithinTool, MODELS[2].0, spent);
            }
        }
    }

    fn answer(&mut self, book: &mut Book, complete: bool) {
        let dice = self.dice;
        self.at += dice.seconds(2, 25);
        let mut text = self.topic.say(dice, self.sentences, "finding");
        for kind in ["finding", "reason", "advice"] {
            if dice.percent(75) {
                text.push(' ');
                text.push_str(&self.topic.say(dice, self.sentences, kind));
            }
        }
        let id = self.say(book, MessageEntity::AiMessage, "assistant", &text, complete);
        let written = dice.number(120, 900);
        self.spend_turn(book, id, written);
    }

    fn say(
        &mut self,
        book: &mut Book,
        entity: MessageEntity,
        role: &str,
        text: &str,
        complete: bool,
    ) -> MessageId {
        self.put(
            book,
            entity,
            &json!({ "role": role, "content": text }),
            complete,
        )
    }

    fn put(
        &mut self,
        book: &mut Book,
        entity: MessageEntity,
        content: &serde_json::Value,
        is_complete: bool,
    ) -> MessageId {
        let id = self.dice.id(self.at);
        book.messages.push(message::Model {
            id,
            creation_date: self.at,
            content: content.to_string(),
            thread_id: self.thread,
            entity,
            is_complete,
        });
        id
    }

    /// What the thread's own model reads and writes: the thread so far comes from the cache.
    fn spend_turn(&mut self, book: &mut Book, message: MessageId, written: u64) {
        let anew = self.dice.number::<u64>(200, 900);
        self.spend(
            book,
            message,
            TokenTask::ChatCompletion,
            self.model,
            [anew, self.read, written],
        );
        self.read += anew + written;
    }

    fn spend(
        &self,
        book: &mut Book,
        message_id: MessageId,
        task: TokenTask,
        model: &str,
        counts: [u64; 3],
    ) {
        for (kind, count) in TYPES
            .into_iter()
            .zip(counts)
            .filter(|(_, count)| *count > 0)
        {
            book.tokens.push(token_consumption::Model {
                id: self.dice.id(self.at),
                message_id,
                kind,
                task,
                count: i32::try_from(count).unwrap_or(i32::MAX),
                model: model.to_owned(),
            });
        }
    }
}
