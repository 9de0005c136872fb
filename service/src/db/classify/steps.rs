//! What to do about each category of database error.

use super::Category;

pub(super) const fn of(category: Category) -> &'static [&'static str] {
    match category {
        Category::NetworkError => &[
            "Check that the database server is running and accepts connections",
            "Check the host and the port in DATABASE_URL",
            "Check firewalls and security groups between this process and the server",
            "Nothing else is needed once it is back: the connection is tried again every 30 seconds",
        ],
        Category::PoolExhausted => &[
            "Look for slow statements and long transactions in the log",
            "Raise DB_POOL_SIZE, or connection_limit in DATABASE_URL",
            "Compare the pools of all processes with max_connections of the server",
            "Put a pooler such as PgBouncer in between and add ?pgbouncer=true",
        ],
        Category::DnsError => &[
            "Check the spelling of the host in DATABASE_URL",
            "Check that the name resolves from this machine or container",
            "Check the resolver's configuration",
        ],
        Category::AuthFailed => &[
            "Check the user name and the password in DATABASE_URL",
            "Percent-encode special characters in the password",
            "Check that the role may log in, and that pg_hba.conf admits this host",
        ],
        Category::DatabaseNotFound => &[
            "Check the database's name, or the file's path, in DATABASE_URL",
            "Create the database: createdb NAME; for SQLite, create the directory of the file",
            "Check that this user may open it",
        ],
        Category::SslError => &[
            "Check sslmode in DATABASE_URL: disable, prefer, require, verify-ca or verify-full",
            "Name the authority's certificate with sslrootcert",
            "Check that the certificate is valid and names the host",
        ],
        Category::SchemaError => &[
            "Run: chancery migrate status",
            "Run: chancery migrate up",
            "Check the schema parameter of DATABASE_URL",
            "Run: chancery migrate drift, if nothing is pending",
        ],
        Category::UnknownError => &[
            "Read the log line with the request id: it has the driver's own words",
            "Run: chancery doctor",
            "Check the database server's own log",
        ],
    }
}
