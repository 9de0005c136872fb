//! `SQLite`: its version, how the file is opened, and whether it is whole.

use sea_orm::{DbBackend, DbErr, Statement, TryGetable};

use super::{Finding, row};
use crate::db::Reader;

pub(super) async fn look(reader: &Reader) -> Result<Vec<Finding>, DbErr> {
    let version: String = one(reader, "SELECT sqlite_version()").await?;
    let journal: String = one(reader, "PRAGMA journal_mode").await?;
    let keys: i64 = one(reader, "PRAGMA foreign_keys").await?;
    let synchronous: i64 = one(reader, "PRAGMA synchronous").await?;
    let found = vec![
        Finding::ok("version", format!("SQLite {version}, built in")),
        journal_mode(&journal),
        foreign_keys(keys),
        durability(synchronous),
        whole(one(reader, "PRAGMA quick_check(1)").await),
        Finding::ok("clock", "the database has this machine's"),
    ];
    Ok(found)
}

async fn one<T: TryGetable>(reader: &Reader, sql: &str) -> Result<T, DbErr> {
    let statement = Statement::from_string(DbBackend::Sqlite, sql);
    row(reader, statement).await?.try_get_by_index(0)
}

fn journal_mode(mode: &str) -> Finding {
    match mode {
        "wal" | "memory" => Finding::ok("journal", format!("the journal mode is {mode}")),
        other => Finding::warn(
            "journal",
            format!("the journal mode is {other}: readers wait for writers"),
            "keep the file on a local disk, where the process may write beside it",
        ),
    }
}

fn foreign_keys(on: i64) -> Finding {
    if on == 1 {
        return Finding::ok("foreign keys", "they are checked");
    }
    let todo = "use the SQLite that Chancery is built with";
    Finding::fail("foreign keys", "they are not checked", todo)
}

fn durability(synchronous: i64) -> Finding {
    let check = "durability";
    match synchronous {
        0 => Finding::warn(
            check,
            "a power cut may damage the file",
            "set synchronous=full in the database's address",
        ),
        1 => Finding::warn(
            check,
            "a power cut may take the last commits",
            "set synchronous=full in the database's address",
        ),
        _ => Finding::ok(check, "a commit is on the disk before it is reported"),
    }
}

fn whole(said: Result<String, DbErr>) -> Finding {
    let check = "file";
    match said {
        Ok(said) if said == "ok" => Finding::ok(check, "it is whole"),
        Ok(said) => Finding::fail(check, said, "restore a backup of the file"),
        Err(error) => Finding::warn(
            check,
            format!("it could not be gone through: {error}"),
            "ask `PRAGMA integrity_check` of it when the process is stopped",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn what_is_wrong_with_the_file_is_told() {
        let lost = Err(DbErr::Custom("too slow".to_owned()));
        for (found, verdict) in [
            (journal_mode("wal"), Verdict::Ok),
            (journal_mode("delete"), Verdict::Warn),
            (foreign_keys(1), Verdict::Ok),
            (foreign_keys(0), Verdict::Fail),
            (durability(2), Verdict::Ok),
            (durability(1), Verdict::Warn),
            (durability(0), Verdict::Warn),
            (whole(Ok("ok".to_owned())), Verdict::Ok),
            (whole(Ok("row 3 missing".to_owned())), Verdict::Fail),
            (whole(lost), Verdict::Warn),
        ] {
            assert_eq!(found.verdict, verdict, "{found:?}");
            assert_eq!(found.todo.is_some(), verdict != Verdict::Ok, "{found:?}");
        }
    }
}
