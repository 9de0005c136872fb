//! A dump of `pg_dump`, brought back in a session of this program: in one transaction, which ends with it
//! whatever ends it, and compared before it is kept. `pg_restore` alone would go on without its parent.

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

/// Rows stand between other statements, each table's behind a `COPY` of one line.
async fn rows(
    session: &Session,
    printed: &mut (impl AsyncBufRead + Unpin + Send),
) -> Result<(), Error> {
    let (mut script, mut line) = (Vec::new(), Vec::new());
    while printed.read_until(b'\n', &mut line).await.map_err(unread)? > 0 {
        let copy = line.strip_suffix(b";\n");
        match copy.filter(|copy| copy.starts_with(b"COPY ") && copy.ends_with(b" FROM stdin")) {
            Some(copy) => {
                run(session, &std::mem::take(&mut script)).await?;
                copy_in(session, text(copy)?, printed).await?;
            }
            // What `psql` alone knows, at the head and at the end.
            None if line.starts_with(b"\\") => {}
            None => script.extend_from_slice(&line),
        }
        line.clear();
    }
    run(session, &script).await
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

/// Run a script, without the two lines that are for `psql` alone.
async fn run(session: &Session, script: &[u8]) -> Result<(), Error> {
    let script = text(script)?;
    let restrict = script.lines().find(|line| line.starts_with("\\restrict "));
    match restrict {
        None => session.run(script).await,
        Some(line) => {
            let last = line.replacen("\\restrict", "\\unrestrict", 1);
            let kept = script.lines().filter(|one| *one != line && *one != last);
            session.run(&kept.collect::<Vec<_>>().join("\n")).await
        }
    }
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
