//! Search by FTS5: the words of the question are stemmed by the table's own tokenizer.

use sea_orm::{DbBackend, Statement, Value};

use super::{CLOSE, OPEN, Term, Values, Within};

/// The page's hits.
pub(super) fn statement(terms: &[Term], within: &Within) -> Statement {
    let question = question(terms);
    let mut values = Values::default();
    let sql = {
        let mut mark = values.mark('?');
        let question = mark(question.into());
        let hits = hits(&question, within, &mut mark);
        let (open, close) = (
            mark(OPEN.to_string().into()),
            mark(CLOSE.to_string().into()),
        );
        let after = within.after(&mut mark);
        let limit = within.limit;
        // The snippet is asked for by rowid in a second look, so that only the page's texts are cut.
        format!(
            "{hits}, \
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

/// All hits, as rows of nothing.
pub(super) fn all(terms: &[Term], within: &Within) -> Statement {
    let mut values = Values::default();
    let sql = {
        let mut mark = values.mark('?');
        let question = mark(question(terms).into());
        let hits = hits(&question, within, &mut mark);
        format!("{hits} SELECT 1 FROM hits")
    };
    values.statement(DbBackend::Sqlite, sql)
}

/// The beginning of a statement: its `hits`. `question` is the place of what is searched for.
fn hits(question: &str, within: &Within, mark: &mut impl FnMut(Value) -> String) -> String {
    let conditions = within.conditions(mark);
    format!(
        "WITH hits AS (\
             SELECT f.rowid AS docid, m.message_id, m.thread_id, t.title, m.entity, \
                    m.creation_date, -bm25(messages_fts) AS score \
             FROM messages_fts f \
             JOIN messages_fts_map d ON d.docid = f.rowid \
             JOIN messages m ON m.message_id = d.message_id \
             JOIN threads t ON t.thread_id = m.thread_id \
             WHERE messages_fts MATCH {question}{conditions}\
         )"
    )
}

/// The question in FTS5's language: of each term, the runs of words that must occur.
pub(crate) fn question(terms: &[Term]) -> String {
    let written = |excluded: bool| {
        let chosen = terms.iter().filter(move |term| term.excluded == excluded);
        chosen.map(|term| {
            let runs = term.runs().into_iter().map(|run| format!("\"{run}\""));
            runs.collect::<Vec<_>>()
        })
    };
    let wanted = written(false).flatten().collect::<Vec<_>>().join(" AND ");
    let excluded = written(true).map(|runs| match runs.as_slice() {
        [one] => one.clone(),
        more => format!("({})", more.join(" AND ")),
    });
    let excluded = excluded.collect::<Vec<_>>().join(" OR ");
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
            ("long-term memory", r#"("long" AND "term" AND "memory")"#),
            (
                r#""of the brain" -rat -"in vivo" -long-term -"cell of mice""#,
                r#"("brain") NOT ("rat" OR "vivo" OR ("long" AND "term") OR ("cell" AND "mice"))"#,
            ),
            ("NEAR(x) OR*", r#"("NEAR" AND "x")"#),
        ] {
            let terms = super::super::terms(text, "q").unwrap();
            assert_eq!(question(&terms), expected, "{text}");
        }
    }
}
