//! Search by FTS5: the words of the question are stemmed by the table's own tokenizer.

use sea_orm::{DbBackend, Statement};

use super::{CLOSE, OPEN, Term, Values, Within};

/// The page's hits.
pub(super) fn statement(terms: &[Term], within: &Within) -> Statement {
    let question = question(terms);
    let mut values = Values::default();
    let sql = {
        let mut mark = values.mark('?');
        let question = mark(question.into());
        let (open, close) = (
            mark(OPEN.to_string().into()),
            mark(CLOSE.to_string().into()),
        );
        let conditions = within.conditions(&mut mark);
        let after = within.after(&mut mark);
        let limit = within.limit;
        // The snippet is asked for by rowid in a second look, so that only the page's texts are cut.
        format!(
            "WITH hits AS (\
                 SELECT f.rowid AS docid, m.message_id, m.thread_id, t.title, m.entity, \
                        m.creation_date, -bm25(messages_fts) AS score \
                 FROM messages_fts f \
                 JOIN messages_fts_map d ON d.docid = f.rowid \
                 JOIN messages m ON m.message_id = d.message_id \
                 JOIN threads t ON t.thread_id = m.thread_id \
                 WHERE messages_fts MATCH {question}{conditions}\
             ), \
             page AS (\
                 SELECT * FROM hits{after} \
                 ORDER BY score DESC, creation_date DESC, message_id DESC LIMIT {limit}\
             ) \
             SELECT message_id, thread_id, title, entity, creation_date, score, \
                    (SELECT snippet(messages_fts, 1, {open}, {close}, ' … ', 40) FROM messages_fts \
                     WHERE rowid = page.docid AND messages_fts MATCH {question}) AS snippet \
             FROM page \
             ORDER BY score DESC, creation_date DESC, message_id DESC"
        )
    };
    values.statement(DbBackend::Sqlite, sql)
}

/// The question in FTS5's language. What stands between two letters or digits parts a term into
/// the words of a phrase, as the tokenizer parts the text.
pub(crate) fn question(terms: &[Term]) -> String {
    let quoted = |excluded: bool| {
        let chosen = terms.iter().filter(move |term| term.excluded == excluded);
        chosen
            .map(|term| format!("\"{}\"", term.words().collect::<Vec<_>>().join(" ")))
            .collect::<Vec<_>>()
    };
    let (wanted, excluded) = (quoted(false).join(" AND "), quoted(true).join(" OR "));
    if excluded.is_empty() {
        format!("({wanted})")
    } else {
        format!("({wanted}) NOT ({excluded})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_in_fts5_language() {
        for (text, expected) in [
            ("thalamus", r#"("thalamus")"#),
            ("the thalamus", r#"("thalamus")"#),
            ("long-term memory", r#"("long term" AND "memory")"#),
            (
                r#""of the brain" -rat -"in vivo""#,
                r#"("of the brain") NOT ("rat" OR "in vivo")"#,
            ),
            ("NEAR(x) OR*", r#"("NEAR x")"#),
        ] {
            let terms = super::super::terms(text, "q").unwrap();
            assert_eq!(question(&terms), expected, "{text}");
        }
    }
}
