//! Search by `tsvector`: the trigger's configuration, so that question and text are stemmed alike.

use sea_orm::{DbBackend, Statement, Value};

use super::{CLOSE, OPEN, Term, Values, Within};

/// The page's hits. The text is cut into a snippet for the rows of the page only.
pub(super) fn statement(terms: &[Term], within: &Within) -> Statement {
    let mut values = Values::default();
    let sql = {
        let mut mark = values.mark('$');
        let hits = hits(terms, within, &mut mark);
        let options = mark(
            format!("StartSel={OPEN}, StopSel={CLOSE}, MaxFragments=2, MaxWords=30, MinWords=10, FragmentDelimiter=\" … \"")
                .into(),
        );
        let after = within.after(&mut mark);
        let limit = within.limit;
        format!(
            "{hits}, \
             page AS (\
                 SELECT * FROM hits{after} \
                 ORDER BY score DESC, creation_date DESC, message_id DESC LIMIT {limit}\
             ) \
             SELECT message_id, thread_id, title, entity::text AS entity, creation_date, score, \
                    ts_headline('english', coalesce(content::jsonb ->> 'content', ''), q, {options}) \
                    AS snippet \
             FROM page, question \
             ORDER BY score DESC, creation_date DESC, message_id DESC"
        )
    };
    values.statement(DbBackend::Postgres, sql)
}

/// All hits, as rows of nothing.
pub(super) fn all(terms: &[Term], within: &Within) -> Statement {
    let mut values = Values::default();
    let hits = hits(terms, within, &mut values.mark('$'));
    values.statement(DbBackend::Postgres, format!("{hits} SELECT 1 FROM hits"))
}

/// The beginning of a statement: its `question` and its `hits`.
fn hits(terms: &[Term], within: &Within, mark: &mut impl FnMut(Value) -> String) -> String {
    let query = query(terms, mark);
    let conditions = within.conditions(mark);
    format!(
        "WITH question AS MATERIALIZED (SELECT {query} AS q), \
         hits AS (\
             SELECT m.message_id, m.thread_id, t.title, m.entity, m.creation_date, m.content, \
                    ts_rank(m.search_vector, q)::float8 AS score \
             FROM question, messages m JOIN threads t ON t.thread_id = m.thread_id \
             WHERE m.search_vector @@ q{conditions}\
         )"
    )
}

/// The `tsquery` of a question with at least one term; `mark` binds a value and tells its place.
pub(crate) fn query(terms: &[Term], mark: &mut impl FnMut(Value) -> String) -> String {
    let mut parsed = |how: &str, text: &str| {
        let text = mark(text.into());
        format!("{how}_tsquery('english', {text})")
    };
    let mut one = |term: &Term| {
        let runs = term.runs();
        let mut query = runs
            .iter()
            .map(|run| parsed("phraseto", run))
            .collect::<Vec<_>>()
            .join(" && ");
        // The parser takes a host or a path of the text for one word: so that it is found as what it
        // was written as, the question's is read in the same way, too.
        if term.words().count() > 1 {
            let how = if term.phrase { "phraseto" } else { "plainto" };
            query = format!("({query} || {})", parsed(how, &term.text));
        }
        if term.excluded {
            query = format!("!!({query})");
        }
        query
    };
    terms.iter().map(&mut one).collect::<Vec<_>>().join(" && ")
}
