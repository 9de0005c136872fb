//! The stand-ins of a demo: started before it, told where it is, ended with it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Stdio;
use std::time::Duration;

use api::config::Config;
use api::urls::Urls;
use clap::ValueEnum as _;
use entity::media::nft_ownership::NftStandard;
use ipnet::IpNet;
use service::chance::SystemChance;
use service::configuration::Given;
use service::demo::{ADMIN, PASSWORD};
use service::integration::{ClientAuthentication, PROVIDERS, Provider};
use service::nft::{CHAINS, NftChain};
use service::outbound::ALLOWED_NETWORKS;
use service::video::{GENERATOR, GENERATOR_KEY};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use url::Url;

use super::{Call, StandIn};
use crate::command::Failure;

/// How long a step takes: long enough to be seen.
const PACE: Duration = Duration::from_secs(2);

/// What the demo calls the service with accounts.
const ACCOUNTS: &str = "stand-in";

/// The stand-ins. Their input ends with this process, however it ends, and so do they.
pub(crate) struct Company {
    programs: Vec<Child>,
    generator: Urls,
    ledger: Urls,
    accounts: Urls,
    key: String,
}

impl Company {
    /// Start them; they wait until they are told where the demo is.
    pub(crate) async fn gather(config: &Config) -> Result<Self, Failure> {
        let (generator, studio) = listening(config, StandIn::Generator).await?;
        let (ledger, chain) = listening(config, StandIn::Ledger).await?;
        let (accounts, service) = listening(config, StandIn::Accounts).await?;
        let worker = start(config, StandIn::Worker)?;
        Ok(Self {
            programs: vec![studio, chain, service, worker],
            generator,
            ledger,
            accounts,
            key: service::secret::token(&SystemChance),
        })
    }

    /// The settings by which the demo knows them.
    pub(crate) fn known(&self, given: Given) -> Result<Given, Failure> {
        let chain = NftChain {
            name: service::demo::CHAIN.to_owned(),
            url: self.ledger.at("/").parse()?,
            standards: vec![NftStandard::Erc721],
            authorization: None,
        };
        let provider = Provider {
            name: ACCOUNTS.to_owned(),
            authorize_url: self.accounts.at("/authorize").parse()?,
            token_url: self.accounts.at("/token").parse()?,
            client_id: "chancery-demo".to_owned(),
            client_secret: self.key.clone(),
            scopes: vec!["read".to_owned()],
            authorize_parameters: BTreeMap::new(),
            client_authentication: ClientAuthentication::Body,
        };
        let generator: Url = self.generator.at("/jobs").parse()?;
        // This machine alone, and not the networks that it is in.
        let here = IpNet::from(IpAddr::from(Ipv4Addr::LOCALHOST));
        Ok(given
            .with(&GENERATOR, &Some(generator))
            .with(&GENERATOR_KEY, &Some(self.key.clone()))
            .with(&CHAINS, &vec![chain])
            .with(&PROVIDERS, &vec![provider])
            .with(&ALLOWED_NETWORKS, &vec![here]))
    }

    /// Tell them where the demo is, and they begin.
    pub(crate) async fn begin(&mut self, demo: &Urls) -> Result<(), Failure> {
        let call = Call {
            server: demo.at(""),
            email: ADMIN.to_owned(),
            password: PASSWORD.to_owned(),
            key: self.key.clone(),
            pace: u64::try_from(PACE.as_millis())?,
        };
        let mut line = serde_json::to_vec(&call)?;
        line.push(b'\n');
        for program in &mut self.programs {
            if let Some(input) = &mut program.stdin {
                input.write_all(&line).await?;
                input.flush().await?;
            }
        }
        Ok(())
    }
}

/// Start one that listens; tells where.
async fn listening(config: &Config, role: StandIn) -> Result<(Urls, Child), Failure> {
    let mut program = start(config, role)?;
    let said = program.stdout.take().ok_or("a stand-in says nothing")?;
    let line = BufReader::new(said).lines().next_line().await?;
    let address = line.ok_or("a stand-in does not listen")?.parse()?;
    Ok((Urls::local(address), program))
}

/// Start one. Of this process's environment and settings it knows nothing but how to log.
fn start(config: &Config, role: StandIn) -> Result<Child, Failure> {
    let format = config.log_format.to_possible_value();
    let format = format.ok_or("there is no such format of logs")?;
    let program = Command::new(std::env::current_exe()?)
        .args(["stand-in", role.name()])
        .env_clear()
        .env("CHANCERY_LOG_FORMAT", format.get_name())
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(if role.listens() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .kill_on_drop(true)
        .spawn()?;
    Ok(program)
}
