//! `PostgreSQL`: its version, what the server is set to, what we may do there, and its clock.

use sea_orm::{DbBackend, DbErr, FromQueryResult, Statement};

use super::{Finding, row};
use crate::clock::Clock;
use crate::db::Reader;

/// The oldest version that its makers still mend.
const OLDEST: i32 = 14;
/// From how many seconds on two clocks are apart, and from how many on leases and tokens go wrong.
const APART: f64 = 1.0;
const FAR_APART: f64 = 30.0;

const LOOK: &str = "SELECT current_setting('server_version') AS version, \
     current_setting('server_version_num')::int AS number, \
     current_setting('server_encoding') AS encoding, \
     current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AS sound, \
     current_setting('synchronous_commit') AS synchronous_commit, \
     (current_setting('max_connections')::int \
         - current_setting('superuser_reserved_connections')::int)::bigint AS places, \
     (SELECT count(*) FROM pg_stat_activity \
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) AS taken, \
     pg_is_in_recovery() AS recovering, \
     current_schema() IS NOT NULL \
         AND has_schema_privilege(current_schema(), 'CREATE') AS may_create, \
     extract(epoch FROM clock_timestamp())::float8 AS time";

#[derive(Clone, Debug, FromQueryResult)]
struct Server {
    version: String,
    number: i32,
    encoding: String,
    sound: bool,
    synchronous_commit: String,
    places: i64,
    taken: i64,
    recovering: bool,
    may_create: bool,
    time: f64,
}

pub(super) async fn look(reader: &Reader, clock: &dyn Clock) -> Result<Vec<Finding>, DbErr> {
    let asked = clock.now();
    let statement = Statement::from_string(DbBackend::Postgres, LOOK);
    let server = Server::from_query_result(&row(reader, statement).await?, "")?;
    let heard = clock.now();
    let took = (heard - asked).as_seconds_f64();
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds since 1970 fit for 200 years"
    )]
    let ours = asked.timestamp_micros() as f64 / 1e6 + took / 2.0;
    let pool = reader.manager().settings().pool_size;
    let mut found = server.findings(i64::from(pool));
    found.push(skew(server.time - ours, took));
    Ok(found)
}

impl Server {
    fn findings(&self, pool: i64) -> Vec<Finding> {
        vec![
            self.version(),
            self.encoding(),
            self.durability(),
            self.connections(pool),
            self.writes(),
        ]
    }

    fn version(&self) -> Finding {
        let said = format!("PostgreSQL {}", self.version);
        if self.number / 10_000 < OLDEST {
            let todo = format!("upgrade: nobody mends versions before {OLDEST} any more");
            return Finding::warn("version", said, todo);
        }
        Finding::ok("version", said)
    }

    fn encoding(&self) -> Finding {
        let said = format!("texts are kept as {}", self.encoding);
        if self.encoding == "UTF8" {
            return Finding::ok("encoding", said);
        }
        let todo = "make the database anew with ENCODING 'UTF8'";
        Finding::fail("encoding", said, todo)
    }

    fn durability(&self) -> Finding {
        let check = "durability";
        if !self.sound {
            let said = "fsync or full_page_writes is off: a power cut may damage the database";
            return Finding::warn(check, said, "turn both on in postgresql.conf");
        }
        if ["off", "local"].contains(&self.synchronous_commit.as_str()) {
            let said = format!(
                "synchronous_commit is {}: a crash may take the last commits",
                self.synchronous_commit
            );
            return Finding::warn(check, said, "set it to on");
        }
        Finding::ok(check, "a commit is on the disk before it is reported")
    }

    fn connections(&self, pool: i64) -> Finding {
        let free = self.places - self.taken;
        let said = format!(
            "{free} of {} connections are free, the pool takes up to {pool}",
            self.places
        );
        let todo = "lower DB_POOL_SIZE, raise max_connections, or put a pooler between";
        match free {
            _ if self.places < pool => Finding::fail("connections", said, todo),
            _ if free < pool => Finding::warn("connections", said, todo),
            _ => Finding::ok("connections", said),
        }
    }

    fn writes(&self) -> Finding {
        let check = "rights";
        if self.recovering {
            let said = "the server is a replica: it takes no writes";
            return Finding::fail(check, said, "point DATABASE_URL at the primary");
        }
        if !self.may_create {
            let said = "this user may make no tables in the schema: migrations will fail";
            let todo = "grant CREATE on the schema to the user who migrates";
            return Finding::warn(check, said, todo);
        }
        Finding::ok(check, "this user may read, write and migrate")
    }
}

/// `apart` seconds between the two clocks, measured over a question that took `took`.
fn skew(apart: f64, took: f64) -> Finding {
    let apart = (apart.abs() - took / 2.0).max(0.0);
    let said = format!("this machine's and the server's are {apart:.1} s apart");
    let todo = "keep both machines' clocks by NTP: leases, sessions and tokens are timed by them";
    if apart > FAR_APART {
        Finding::fail("clock", said, todo)
    } else if apart > APART {
        Finding::warn("clock", said, todo)
    } else {
        Finding::ok("clock", said)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    fn good() -> Server {
        Server {
            version: "17.2".to_owned(),
            number: 170_002,
            encoding: "UTF8".to_owned(),
            sound: true,
            synchronous_commit: "on".to_owned(),
            places: 97,
            taken: 3,
            recovering: false,
            may_create: true,
            time: 0.0,
        }
    }

    fn verdict(server: &Server, check: &str) -> Verdict {
        let found = server.findings(10).into_iter();
        let found: Vec<Finding> = found.filter(|one| one.verdict != Verdict::Ok).collect();
        assert!(
            found
                .iter()
                .all(|one| one.check == check && one.todo.is_some()),
            "{found:?}"
        );
        found.first().map_or(Verdict::Ok, |one| one.verdict)
    }

    #[test]
    fn what_is_wrong_with_a_server_is_told() {
        let change = |change: fn(&mut Server)| {
            let mut server = good();
            change(&mut server);
            server
        };
        for (server, check, expected) in [
            (good(), "", Verdict::Ok),
            (change(|one| one.number = 130_009), "version", Verdict::Warn),
            (
                change(|one| one.encoding = "LATIN1".to_owned()),
                "encoding",
                Verdict::Fail,
            ),
            (change(|one| one.sound = false), "durability", Verdict::Warn),
            (
                change(|one| one.synchronous_commit = "off".to_owned()),
                "durability",
                Verdict::Warn,
            ),
            (change(|one| one.taken = 90), "connections", Verdict::Warn),
            (change(|one| one.places = 9), "connections", Verdict::Fail),
            (change(|one| one.recovering = true), "rights", Verdict::Fail),
            (
                change(|one| one.may_create = false),
                "rights",
                Verdict::Warn,
            ),
        ] {
            assert_eq!(verdict(&server, check), expected, "{server:?}");
        }
        for (apart, took, expected) in [
            (0.4, 0.0, Verdict::Ok),
            (-5.0, 10.0, Verdict::Ok),
            (-5.0, 0.1, Verdict::Warn),
            (31.0, 0.1, Verdict::Fail),
        ] {
            assert_eq!(skew(apart, took).verdict, expected, "{apart} {took}");
        }
    }
}
