//! Who may do what: nobody is told that it is drift, and nobody loses it.

use migration::engine::Engine;
use migration::schema::change::{self, Options};
use migration::schema::difference;
use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::{migrate, words};
use crate::catalogue::{base, run};
use crate::database::{self, Scratch};
use crate::writing::schema;

#[tokio::test]
async fn a_right_that_somebody_gave_is_no_drift_and_outlives_what_is_made_anew() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    let role = format!("reading_{}", std::process::id());
    let give = format!(
        "CREATE ROLE {role}; GRANT SELECT ON runs TO {role}; GRANT UPDATE (name) ON users TO {role};
         GRANT INSERT ON runs TO {role} WITH GRANT OPTION;
         REVOKE EXECUTE ON FUNCTION count_runs() FROM PUBLIC"
    );
    scratch.db.execute_unprepared(&give).await.expect("rights");
    let told = migrate(&scratch, &["drift", "--revert-sql"]);
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert_eq!(told.status.code(), Some(0), "{said}");
    assert!(
        said.contains(&format!("rights on TABLE runs TO {role}")),
        "{said}"
    );
    let told = migrate(&scratch, &["status", "--check-drift"]);
    assert_eq!(told.status.code(), Some(0), "{}", words(&told));
    // A column in the middle is put in its place by making the table anew.
    let done = "ALTER TABLE runs DROP COLUMN document_name; ALTER TABLE runs RENAME TO zz_runs";
    scratch.db.execute_unprepared(done).await.expect("drift");
    let before = schema(&scratch).await.grants;
    assert_eq!(
        before[&format!("TABLE zz_runs TO {role}")],
        "INSERT*, SELECT"
    );
    let how = ["drift", "--revert-sql", "--rename", "runs:zz_runs"];
    let told = migrate(&scratch, &how);
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(!said.contains("REVOKE"), "{said}");
    let (_, undo) = said
        .split_once("-- brings the database back\n")
        .expect(&said);
    assert!(undo.contains("CREATE TABLE runs"), "{undo}");
    scratch
        .db
        .execute_unprepared(undo)
        .await
        .expect("the way back");
    let after = schema(&scratch).await.grants;
    assert_eq!(after[&format!("TABLE runs TO {role}")], "INSERT*, SELECT");
    assert_eq!(after[&format!("TABLE users TO {role}")], "UPDATE (name)");
    let left = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    scratch.db.execute_unprepared(&left).await.expect("no role");
}

#[tokio::test]
async fn rights_of_two_databases_are_made_equal() {
    let (Some(one), Some(other)) = (base().await, base().await) else {
        return;
    };
    let role = format!("viewing_{}", std::process::id());
    let give = format!(
        "CREATE ROLE {role}; GRANT SELECT ON shown TO {role}; REVOKE USAGE ON TYPE pair FROM PUBLIC"
    );
    one.db.execute_unprepared(&give).await.expect("rights");
    let take = format!(
        "DROP VIEW shown; GRANT SELECT (n) ON kept TO {role};
        REVOKE EXECUTE ON FUNCTION instead() FROM PUBLIC"
    );
    other.db.execute_unprepared(&take).await.expect("others");
    let (right, wrong) = (schema(&one).await, schema(&other).await);
    let way = change::statements(&wrong, &right, &Options::default());
    run(&other.db, &way).await;
    assert_eq!(schema(&other).await.grants, right.grants, "{way:#?}");
    assert_eq!(difference(&right, &schema(&other).await), []);
    for scratch in [&one, &other] {
        let left = format!("DROP OWNED BY {role}");
        scratch
            .db
            .execute_unprepared(&left)
            .await
            .expect("no rights");
    }
    let left = format!("DROP ROLE {role}");
    one.db.execute_unprepared(&left).await.expect("no role");
}

/// What a step makes anew, of which it cannot know who has rights on it where it runs.
const ANEW: &str = "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE told (id integer, m mood,
        twice integer GENERATED ALWAYS AS (id * 2) STORED);
    CREATE VIEW seen AS SELECT id, m, twice FROM told;
    CREATE MATERIALIZED VIEW kept AS SELECT m FROM told;
    CREATE FUNCTION of_mood(m mood) RETURNS text LANGUAGE sql AS $$ SELECT m::text $$";

#[tokio::test]
async fn what_a_step_makes_anew_keeps_the_rights_and_the_owner_that_it_has_where_it_runs() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let (live, steps, wanted) = (
        Scratch::new(Engine::Postgres).await,
        Scratch::new(Engine::Postgres).await,
        Scratch::new(Engine::Postgres).await,
    );
    let (reader, owner) = (
        format!("seeing_{}", std::process::id()),
        format!("owning_{}", std::process::id()),
    );
    for scratch in [&live, &steps] {
        scratch.db.execute_unprepared(ANEW).await.expect("a schema");
    }
    let other = ANEW.replace("'a', 'b'", "'b', 'a'").replace("* 2", "* 3");
    wanted.db.execute_unprepared(&other).await.expect("another");
    let give = format!(
        "CREATE ROLE {reader}; CREATE ROLE {owner};
         ALTER DEFAULT PRIVILEGES GRANT DELETE ON TABLES TO {reader};
         GRANT SELECT (id, m) ON seen TO {reader}; GRANT UPDATE (twice) ON told TO {reader};
         GRANT SELECT ON kept TO {reader} WITH GRANT OPTION; GRANT INSERT ON seen TO PUBLIC;
         REVOKE USAGE ON TYPE mood FROM PUBLIC; GRANT USAGE ON TYPE mood TO {reader};
         REVOKE EXECUTE ON FUNCTION of_mood(mood) FROM PUBLIC;
         ALTER VIEW seen OWNER TO {owner}; ALTER FUNCTION of_mood(mood) OWNER TO {owner}"
    );
    live.db.execute_unprepared(&give).await.expect("rights");
    let before = schema(&live).await;
    assert!(before.grants.len() > 5, "{:#?}", before.grants);
    // A step is written of what the steps make, where nobody has rights.
    let (from, to) = (schema(&steps).await, schema(&wanted).await);
    let options = Options {
        carries_rights: true,
        ..Options::default()
    };
    for (from, to) in [(&from, &to), (&to, &from)] {
        let way = change::statements(from, to, &options);
        let db = database::connect_once(&live.url).await;
        run(&db, &way).await;
        let after = schema(&live).await;
        assert_eq!(after.views, to.views);
        assert_eq!(after.grants, before.grants, "{way:#?}");
        assert_eq!(after.owners, before.owners, "{way:#?}");
    }
    let left = format!("DROP OWNED BY {reader}, {owner} CASCADE; DROP ROLE {reader}, {owner}");
    live.db.execute_unprepared(&left).await.expect("no roles");
}
