//! What is refused of settings and flags.

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What is refused of settings and flags.
    pub enum Error {
        /// Neither the program nor the database knows it.
        NoSetting { key: String } => NotFound, "setting.not_found",
            "there is no setting {key}",
            "Check the name. The list of settings has every one that there is.";
        /// The process's environment decides.
        OverriddenByEnvironment { variable: String } => Conflict, "setting.overridden_by_env",
            "{variable} sets it: what is written here would have no effect",
            "Change the variable, or take it away and start again; then write the setting.";
        /// There are enough settings.
        TooManySettings { most: u64 } => Conflict, "setting.limit_exceeded",
            "there are {most} settings already",
            "Remove some that nobody reads any more.";
        /// No such flag.
        NoFlag { key: String } => NotFound, "flag.not_found",
            "there is no flag {key}",
            "Check the name and the environment: a flag of `all` is another than one of `staging`.";
        /// The name is taken.
        FlagExists { key: String } => Conflict, "flag.exists",
            "there is a flag {key} already",
            "Change that one, or take another name.";
        /// There are enough flags.
        TooManyFlags { most: u64 } => Conflict, "flag.limit_exceeded",
            "there are {most} flags already",
            "Remove some that nobody asks for any more.";
    }
}

impl Refusal for Error {
    fn kind(&self) -> Kind {
        self.entry().1
    }

    fn code(&self) -> &'static str {
        self.entry().0
    }
}
