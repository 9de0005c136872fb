//! `chancery.toml`: what it sets stands between the defaults and the environment.
//!
//! A key is named like the flag, with `_` for `-`: `db_pool_size = 20`. What the file says becomes
//! the default of that flag, so that one definition of a setting serves the file, the environment
//! and the command line alike. The file's place is `CHANCERY_CONFIG`, else the working directory.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Args as _, Command};
use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Num, Value};

use secrecy::SecretString;
use service::configuration::Given;

use super::{Config, ConfigError};

/// The file that is read where it is there and no other is named.
const USUAL: &str = "chancery.toml";
const NAMED_BY: &str = "CHANCERY_CONFIG";

/// The table of the file that holds run-time settings.
const RUN_TIME: &str = "settings";

/// A command line that knows the settings' file.
#[derive(Debug)]
pub struct CommandLine {
    /// The options, with what the file says for defaults.
    pub command: Command,
    /// What the file and the environment say of run-time settings.
    pub given: Given,
    /// What the environment says of buckets.
    pub buckets: Vec<(String, SecretString)>,
}

/// The command line `command`, with what the settings' file says.
pub fn command_line(command: Command) -> Result<CommandLine, ConfigError> {
    let after = format!(
        "Every option can stand in {USUAL}, or in the file that {NAMED_BY} names, with _ for -: \
         db_pool_size = 20. Flags go before the environment, the environment before the file. Its \
         table [settings] holds run-time settings, which the environment knows as \
         CHANCERY_SETTING_<KEY>, with __ for each dot."
    );
    let command = command.after_help(after).mut_args(unless_empty);
    let named = std::env::var_os(NAMED_BY).filter(|path| !path.is_empty());
    let path = match named {
        Some(path) => PathBuf::from(path),
        None if Path::new(USUAL).exists() => PathBuf::from(USUAL),
        None => {
            let given = Given::default().environment(variables());
            return Ok(CommandLine {
                command,
                given,
                buckets: buckets(),
            });
        }
    };
    let wrong = |what: String| ConfigError::File {
        file: path.display().to_string(),
        what,
    };
    let mut said = read(&path).map_err(wrong)?;
    let mut given = Given::default();
    if let Some(table) = said.remove(RUN_TIME) {
        let table = Figment::from(Serialized::defaults(table)).extract();
        let table = table.map_err(|_| wrong(format!("`{RUN_TIME}` is no table")))?;
        given = given.file(&table);
    }
    Ok(CommandLine {
        command: with(command, &said).map_err(wrong)?,
        given: given.environment(variables()),
        buckets: buckets(),
    })
}

/// The environment, as far as it is text.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// What the tools of buckets call their settings; ours reads the same.
fn buckets() -> Vec<(String, SecretString)> {
    let of_a_bucket = |name: &str| {
        ["AWS_", "GOOGLE_", "AZURE_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    variables()
        .filter(|(name, value)| of_a_bucket(name) && !value.is_empty())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.into()))
        .collect()
}

/// An empty variable is none: that is how they are taken away in many a place.
fn unless_empty(arg: Arg) -> Arg {
    let empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    if arg.get_env().is_some_and(empty) {
        arg.env(None::<&'static str>)
    } else {
        arg
    }
}

fn read(path: &Path) -> Result<Dict, String> {
    // figment leaves a file out that cannot be read.
    std::fs::File::open(path).map_err(|error| error.to_string())?;
    let said = Figment::from(Toml::file_exact(path)).extract::<Dict>();
    // The lines below the first quote the file, and with it perhaps a secret.
    said.map_err(|error| {
        let text = error.to_string();
        text.lines().next().unwrap_or_default().to_owned()
    })
}

/// `command` with `said` for defaults.
fn with(mut command: Command, said: &Dict) -> Result<Command, String> {
    let settings = Config::augment_args(Command::new("file").no_binary_name(true))
        .mut_args(|arg| arg.env(None::<&'static str>));
    for (key, value) in said {
        let mut known = settings.get_arguments().filter(|arg| !arg.is_hide_set());
        let arg = known
            .find(|arg| arg.get_id() == key)
            .ok_or_else(|| format!("there is no setting `{key}`"))?;
        let texts = texts(arg, value).ok_or_else(|| format!("`{key}` is of another type"))?;
        check(&settings, arg, &texts).map_err(|what| format!("`{key}`: {what}"))?;
        let secret = arg.is_hide_env_values_set();
        command = command.mut_arg(key, |arg| {
            arg.default_values(texts).hide_default_value(secret)
        });
    }
    Ok(command)
}

/// What `value` would be on the command line; nothing, where `arg` takes no such thing.
fn texts(arg: &Arg, value: &Value) -> Option<Vec<String>> {
    let flag = matches!(arg.get_action(), ArgAction::SetTrue);
    let list = matches!(arg.get_action(), ArgAction::Append);
    match value {
        Value::Bool(_, is) if flag => Some(vec![is.to_string()]),
        Value::String(_, text) if !flag => Some(vec![text.clone()]),
        Value::Num(_, Num::I64(number)) if !flag => Some(vec![number.to_string()]),
        Value::Array(_, values) if list => {
            let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
            texts.collect()
        }
        _ => None,
    }
}

/// Let the argument itself look at the values.
fn check(settings: &Command, arg: &Arg, texts: &[String]) -> Result<(), String> {
    let Some(long) = arg.get_long().filter(|_| arg.get_action().takes_values()) else {
        return Ok(());
    };
    let words = texts.iter().map(|text| format!("--{long}={text}"));
    let Err(error) = settings.clone().try_get_matches_from(words) else {
        return Ok(());
    };
    Err(match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(words)) => format!("write one of {}", words.join(", ")),
        _ => std::error::Error::source(&error).map_or_else(
            || "it has no such value".to_owned(),
            std::string::ToString::to_string,
        ),
    })
}

/// `error` without the value that it complains of, where that may hold a password.
#[must_use]
pub fn scrubbed(mut error: clap::Error) -> clap::Error {
    let value = error.get(ContextKind::InvalidValue);
    if matches!(value, Some(ContextValue::String(text)) if text.contains('@')) {
        let mask = ContextValue::String("***".to_owned());
        error.insert(ContextKind::InvalidValue, mask);
    }
    error
}
