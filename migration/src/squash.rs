//! Several steps become one, which keeps the names of those that it replaces: a database that has
//! them all has it, and a new one runs it alone.

use std::path::{Path, PathBuf};

use sea_orm_migration::sea_orm::DatabaseConnection;

use crate::engine::Engine;
use crate::error::Error;
use crate::schema::{BOOKKEEPING, difference, scratch};
use crate::step::{Direction, STEPS, Step, check_written};

/// A step that stands for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Squashed {
    /// What it is called: by the day and the number of the last that it replaces.
    pub(crate) name: String,
    /// Those that it replaces, oldest first.
    pub(crate) replaces: Vec<&'static str>,
    /// Each file's name and what it holds.
    files: Vec<(&'static str, String)>,
}

/// What the steps at the places `first` to `last` are as one, called `name`. On the engine of `db` the
/// result is tried, and on `SQLite`, which is in the program.
pub(crate) async fn squashed(
    db: &DatabaseConnection,
    first: usize,
    last: usize,
    name: &str,
) -> Result<Squashed, Error> {
    let here = Engine::of(db)?;
    let range = STEPS.get(first..=last).unwrap_or_default();
    let [_, .., end] = range else {
        return Err(Error::Option(
            "one step is one already: name a later one with --to".to_owned(),
        ));
    };
    if let Some(one) = range.iter().find(|step| step.replaces().next().is_some()) {
        return Err(Error::Option(format!(
            "{} replaces others itself, and a database may have those: begin behind it with --from",
            one.name
        )));
    }
    if let Some(one) = range.iter().find(|step| step.has_backfill()) {
        return Err(Error::Option(format!(
            "{} declares a backfill, which a new database does not need: take it out once it is done \
             everywhere, or begin behind it with --from",
            one.name
        )));
    }
    for engine in [Engine::Postgres, Engine::Sqlite] {
        check_written(range, engine)?;
    }
    let mut parts = end.name.splitn(3, '_');
    let (day, number) = (parts.next(), parts.next());
    let mut squashed = Squashed {
        name: format!(
            "{}_{}_{name}",
            day.unwrap_or_default(),
            number.unwrap_or_default()
        ),
        replaces: range.iter().map(|step| step.name).collect(),
        files: Vec::new(),
    };
    if STEPS.iter().any(|step| step.name == squashed.name) {
        return Err(Error::Option(format!(
            "{} is the name of a step that is there: choose another",
            squashed.name
        )));
    }
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let up = joined(engine, range.iter(), Direction::Up);
        let down = joined(engine, range.iter().rev(), Direction::Down);
        if engine == here || engine == Engine::Sqlite {
            prove(db, engine, first, last, &up).await?;
        }
        let (up_name, down_name) = engine.files();
        squashed.files.push((up_name, up));
        squashed.files.push((down_name, down));
    }
    let names = squashed.replaces.iter().map(|name| format!("{name}\n"));
    squashed.files.push(("replaces.txt", names.collect()));
    Ok(squashed)
}

fn joined<'s>(
    engine: Engine,
    steps: impl Iterator<Item = &'s Step>,
    direction: Direction,
) -> String {
    let scripts = steps.map(|step| {
        let script = step.script(engine, direction).trim_end();
        // One transaction, in a database where nobody else is yet.
        let script = script.replace(" CONCURRENTLY", "");
        format!("-- {}\n{script}\n", step.name)
    });
    scripts.collect::<Vec<_>>().join("\n")
}

/// Look whether all steps make the same schema with the one in the place of the others.
async fn prove(
    db: &DatabaseConnection,
    engine: Engine,
    first: usize,
    last: usize,
    up: &str,
) -> Result<(), Error> {
    let plain = |step: &Step| {
        step.script(engine, Direction::Up)
            .replace(" CONCURRENTLY", "")
    };
    let before = STEPS[..first].iter().map(plain);
    let after = STEPS[last + 1..].iter().map(plain);
    let scripts: Vec<String> = before.chain([up.to_owned()]).chain(after).collect();
    let expected = scratch::of_steps(engine, db, STEPS)
        .await?
        .without(BOOKKEEPING);
    let actual = scratch::made(engine, db, &scripts)
        .await?
        .without(BOOKKEEPING);
    let found = difference(&expected, &actual);
    if found.is_empty() {
        return Ok(());
    }
    Err(Error::Drift(
        found.iter().map(ToString::to_string).collect(),
    ))
}

/// Put the step into `directory`, where the steps and their list are, and on the list in the place of
/// the others. Their files stay where they are.
pub(crate) fn put(directory: &Path, squashed: &Squashed) -> Result<PathBuf, Error> {
    let list = directory.join("mod.rs");
    let text = std::fs::read_to_string(&list).map_err(|source| Error::file(&list, source))?;
    let text = replaced(&text, squashed)
        .ok_or_else(|| Error::Option(format!("{} does not list them all", list.display())))?;
    let folder = directory.join(&squashed.name);
    std::fs::create_dir(&folder).map_err(|source| Error::file(&folder, source))?;
    for (name, script) in &squashed.files {
        let path = folder.join(name);
        std::fs::write(&path, script).map_err(|source| Error::file(&path, source))?;
    }
    std::fs::write(&list, text).map_err(|source| Error::file(&list, source))?;
    Ok(folder)
}

/// The list with the one in the place of the others, and of what is said of them.
fn replaced(text: &str, squashed: &Squashed) -> Option<String> {
    let names = |line: &str, name: &str| {
        line.trim_start().starts_with("step!(") && line.contains(&format!("\"{name}\""))
    };
    let lines: Vec<&str> = text.lines().collect();
    let place = |name: &str| lines.iter().position(|line| names(line, name));
    let (first, last) = (squashed.replaces.first()?, squashed.replaces.last()?);
    let (mut begin, end) = (place(first)?, place(last)?);
    if squashed.replaces.iter().any(|name| place(name).is_none()) {
        return None;
    }
    // What is said of the first stands above it.
    while lines[begin - 1].trim_start().starts_with("//") {
        begin -= 1;
    }
    let mut kept: Vec<String> = lines[..begin].iter().map(|&line| line.to_owned()).collect();
    kept.push(format!("    step!(\"{}\", squashed),", squashed.name));
    kept.extend(lines[end + 1..].iter().map(|&line| line.to_owned()));
    Some(kept.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_stands_in_the_place_of_the_others() {
        let text = "//! Steps.\nconst STEPS: &[Step] = &[\n    step!(\"m1_a\"),\n    // Two.\n    \
                    step!(\"m2_b\", apart: true),\n    step!(\"m3_c\"),\n    // Four.\n    \
                    step!(\"m4_d\"),\n];\n";
        let squashed = |replaces: &[&'static str]| Squashed {
            name: "m3_base".to_owned(),
            replaces: replaces.to_vec(),
            files: Vec::new(),
        };
        let told = replaced(text, &squashed(&["m2_b", "m3_c"])).expect("a list");
        assert_eq!(
            told,
            "//! Steps.\nconst STEPS: &[Step] = &[\n    step!(\"m1_a\"),\n    step!(\"m3_base\", \
             squashed),\n    // Four.\n    step!(\"m4_d\"),\n];\n"
        );
        assert_eq!(replaced(text, &squashed(&["m2_b", "m9_z"])), None);
    }
}
