//! `chancery graphql`: which documents are trusted, from the command line. Where only trusted
//! documents run, this is how the first one gets in.

use std::path::PathBuf;
use std::sync::Arc;

use api::config::Config;
use clap::Subcommand;
use service::Ctx;
use service::document::MOST;

use super::{Failure, connected};

#[derive(Debug, Subcommand)]
pub(crate) enum Graphql {
    /// Let clients name documents by their hash; prints hash and operation of each.
    Trust {
        /// Files of one operation each, with the fragments that it needs.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Take documents off the list.
    Distrust {
        /// Their hashes.
        #[arg(required = true)]
        hashes: Vec<String>,
    },
}

#[expect(clippy::print_stdout, reason = "a command's answer goes there")]
pub(crate) async fn run(config: &Config, command: Graphql) -> Result<(), Failure> {
    match command {
        Graphql::Trust { files } => {
            let mut documents = Vec::new();
            for file in files {
                let told = |what: String| format!("{}: {what}", file.display());
                let text = std::fs::read_to_string(&file);
                let text = text.map_err(|error| told(error.to_string()))?;
                let examined = api::graphql::examine(text).await;
                documents.push(examined.map_err(|error| told(error.to_string()))?);
            }
            let services = connected(config).await?;
            let ctx = Ctx::system(Arc::clone(&services), "graphql");
            for some in documents.chunks(MOST) {
                for row in service::document::trust(&ctx, some.to_vec()).await? {
                    println!("{}  {}", row.hash, row.name.unwrap_or_default());
                }
            }
            services.db.disconnect().await;
        }
        Graphql::Distrust { hashes } => {
            let services = connected(config).await?;
            let ctx = Ctx::system(Arc::clone(&services), "graphql");
            for hash in hashes {
                service::document::distrust(&ctx, &hash).await?;
            }
            services.db.disconnect().await;
        }
    }
    Ok(())
}
