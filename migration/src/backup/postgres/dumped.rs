//! A dump of `pg_dump`, brought back in a session of this program: in one transaction, which ends with it
//! whatever ends it, and compared before it is kept. `pg_restore` alone would go on without its parent.

use std::borrow::Cow;
use std::path::Path;
use std::process::Stdio;

use sea_orm_migration::sea_orm::sqlx::postgres::PgPoolCopyExt as _;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Command;

use super::super::manifest::Manifest;
use super::super::tools::{self, Tools};
use super::{SPELLING, Session, fingerprint, make_extensions, sums};
use crate::error::Error;
use crate::schema::LiveSchema;

/// In the order in which they are made. Rows are in the second alone.
const SECTIONS: [&str; 3] = ["pre-data", "data", "post-data"];

const DATA: &str = "data";

/// The last line of rows.
const END: &[u8] = b"\\.\n";

/// As many bytes of rows as are handed on at once.
const AT_ONCE: usize = 1 << 16;

/// The scripts choose a schema and an encoding to work in.
const HERE: &str = "SELECT format('SET search_path = %s; SET client_encoding = %L',
    current_setting('search_path'), current_setting('client_encoding'))";

pub(super) async fn bring_back(
    session: &Session,
    tools: &Tools,
    directory: &Path,
    manifest: &Manifest,
) -> Result<(), Error> {
    let here = session.text(HERE).await?;
    session.run("BEGIN").await?;
    let done = async {
        make_extensions(session, manifest).await?;
        for section in SECTIONS {
            read(session, tools.script(manifest, directory, section), section).await?;
        }
        session.run(&here).await?;
        session.run(SPELLING).await?;
        let live = LiveSchema::read(&session.db).await?;
        let sums = sums(session, &live).await?;
        manifest.compare(&fingerprint(live), &sums)
    };
    let done = Box::pin(done).await;
    let ended = session
        .run(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })
        .await;
    done?;
    ended
}

/// Run what the program prints, and say why where it fails.
async fn read(session: &Session, mut command: Command, section: &str) -> Result<(), Error> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let program = command.as_std().get_program().to_owned();
    let program = Path::new(&program);
    let failed = |source| Error::file(program, source);
    let mut child = command.spawn().map_err(failed)?;
    let (Some(printed), Some(mut said)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(failed(std::io::ErrorKind::BrokenPipe.into()));
    };
    let mut why = Vec::new();
    let running = async {
        let mut printed = BufReader::new(printed);
        if section == DATA {
            return rows(session, &mut printed).await;
        }
        let mut script = Vec::new();
        printed.read_to_end(&mut script).await.map_err(unread)?;
        run(session, &script).await
    };
    let (ran, heard) = futures::join!(running, said.read_to_end(&mut why));
    heard.map_err(failed)?;
    let status = child.wait().await.map_err(failed)?;
    // Whoever is not listened to any more ends by a signal, and has no more to say than the server.
    if ran.is_err() && status.code().is_none_or(|code| code == 0) {
        return ran;
    }
    tools::check(program, status, &why)?;
    ran
}

/// Rows stand between other statements, each table's behind its `COPY`.
async fn rows(
    session: &Session,
    printed: &mut (impl AsyncBufRead + Unpin + Send),
) -> Result<(), Error> {
    let (mut script, mut line, mut statement) = (Vec::new(), Vec::new(), Spoken::default());
    while printed.read_until(b'\n', &mut line).await.map_err(unread)? > 0 {
        statement.hear(&line);
        line.clear();
        let Some(whole) = statement.take() else {
            continue;
        };
        let copy = whole.strip_suffix(b";\n");
        match copy.filter(|copy| copy.starts_with(b"COPY ") && copy.ends_with(b" FROM stdin")) {
            Some(copy) => {
                run(session, &std::mem::take(&mut script)).await?;
                copy_in(session, text(copy)?, printed).await?;
            }
            None => script.extend_from_slice(&whole),
        }
    }
    script.extend_from_slice(&statement.said);
    run(session, &script).await
}

/// A statement that comes line by line: names may have more than one.
#[derive(Default)]
struct Spoken {
    said: Vec<u8>,
    /// In which quotes the last line ended.
    within: Option<u8>,
}

impl Spoken {
    fn hear(&mut self, line: &[u8]) {
        let is_between = self.said.is_empty();
        // What `psql` alone knows stands at the head and at the end, what is told to people wherever it does.
        if is_between && (line.starts_with(b"\\") || line.starts_with(b"--") || line == b"\n") {
            return;
        }
        for letter in line {
            self.within = match (self.within, letter) {
                (None, b'"' | b'\'') => Some(*letter),
                (Some(open), letter) if open == *letter => None,
                (within, _) => within,
            };
        }
        self.said.extend_from_slice(line);
    }

    /// The statement, where it has come to its end.
    fn take(&mut self) -> Option<Vec<u8>> {
        let is_whole = self.within.is_none() && self.said.ends_with(b";\n");
        is_whole.then(|| std::mem::take(&mut self.said))
    }
}

async fn copy_in(
    session: &Session,
    copy: &str,
    printed: &mut (impl AsyncBufRead + Unpin + Send),
) -> Result<(), Error> {
    let into = session.pool.copy_in_raw(copy).await;
    let mut into = into.map_err(Error::query)?;
    let mut rows = Vec::with_capacity(AT_ONCE);
    loop {
        let begun = rows.len();
        let read = printed.read_until(b'\n', &mut rows).await;
        if read.map_err(unread)? == 0 {
            let end = "the dump ends amid the rows of a table";
            into.abort(end).await.map_err(Error::query)?;
            return Err(Error::Backup(end.to_owned()));
        }
        if rows[begun..] == *END {
            rows.truncate(begun);
            break;
        }
        if rows.len() >= AT_ONCE {
            into.send(rows.as_slice()).await.map_err(Error::query)?;
            rows.clear();
        }
    }
    into.send(rows.as_slice()).await.map_err(Error::query)?;
    into.finish().await.map_err(Error::query)?;
    Ok(())
}

/// Run a script.
async fn run(session: &Session, script: &[u8]) -> Result<(), Error> {
    session.run(&unrestricted(text(script)?)).await
}

/// A script letter by letter, but for the two lines that are for `psql` alone: one in what is told to people at
/// its head, and one at its end.
fn unrestricted(script: &str) -> Cow<'_, str> {
    const OPENS: &str = "\\restrict ";
    let is_told = |line: &&str| line.starts_with("--") || line.trim().is_empty();
    let head: usize = script
        .split_inclusive('\n')
        .take_while(is_told)
        .map(str::len)
        .sum();
    let Some(rest) = script[head..].strip_prefix(OPENS) else {
        return script.into();
    };
    let (key, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    let close = format!("\\unrestrict {key}\n");
    let end = rest.rfind(&close).unwrap_or(rest.len());
    rest[..end].into()
}

fn text(printed: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(printed).map_err(|_| {
        Error::Backup(
            "the dump is not in UTF-8: read it with `pg_restore` itself, or make another backup"
                .to_owned(),
        )
    })
}

fn unread(source: std::io::Error) -> Error {
    Error::File {
        path: "the dump".to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_psql_alone_is_left_out_and_nothing_else() {
        for (script, left) in [
            ("SELECT 1;\r\n\\restrict a\n", "SELECT 1;\r\n\\restrict a\n"),
            (
                "--\n-- a dump\n\n\\restrict k\nSELECT 'a\r\n\\restrict k\n\\unrestrict k\n';\n\n\\unrestrict k\n\n",
                "SELECT 'a\r\n\\restrict k\n\\unrestrict k\n';\n\n",
            ),
            ("", ""),
        ] {
            assert_eq!(unrestricted(script), left);
        }
    }

    #[test]
    fn a_statement_ends_where_no_name_is_open() {
        let mut spoken = Spoken::default();
        let mut found = Vec::new();
        for line in [
            "\\restrict k\n",
            "-- Data of 'it\n",
            "\n",
            "SELECT setval('public.\"a\n",
            "\\b;\n",
            "\n",
            "-- c\"', 1);\n",
            "COPY t (\"it's;\n",
            "here\") FROM stdin;\n",
        ] {
            spoken.hear(line.as_bytes());
            found.extend(spoken.take());
        }
        let found: Vec<_> = found
            .iter()
            .map(|one| String::from_utf8_lossy(one))
            .collect();
        assert_eq!(
            found,
            [
                "SELECT setval('public.\"a\n\\b;\n\n-- c\"', 1);\n",
                "COPY t (\"it's;\nhere\") FROM stdin;\n",
            ]
        );
    }
}
