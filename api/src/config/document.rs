//! docs/settings.md: every run-time setting, as it is declared.

use std::fmt::Write as _;

use service::configuration::{DECLARED, Described, Given};

/// The table of all settings.
#[must_use]
pub fn document() -> String {
    let mut text = String::from(
        "# Settings at run time\n\n\
         Written by `chancery schema config`; do not edit. What is set at the start (addresses, the database, keys) is in\n\
         `chancery --help`. The environment goes before the database (`PUT /api/v1/settings/{key}`, for this environment, then\n\
         for all), the database before `chancery.toml`, where a setting stands under `[settings]`, and the file before the default.\n\
         An unknown name, another type or a value out of bounds in the environment or the file stops the start, and is refused\n\
         by the database's door.\n\n\
         | setting | type | default | variable | what it does |\n|---|---|---|---|---|\n",
    );
    let mut all = DECLARED.to_vec();
    all.sort_by_key(|setting| setting.key());
    for setting in all {
        let default = if setting.sensitive() {
            "secret".to_owned()
        } else {
            format!("`{}`", setting.default_value())
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {default} | `{}` | {}{} |",
            setting.key(),
            kind(setting),
            Given::variable(setting.key()),
            setting.description(),
            if setting.live() {
                ""
            } else {
                " Felt at the next start."
            },
        );
    }
    text
}

/// A setting's type and bounds, in words.
fn kind(setting: &dyn Described) -> String {
    let schema = setting.schema();
    let name = match &schema["type"] {
        serde_json::Value::Array(names) => names
            .iter()
            .filter_map(|name| name.as_str())
            .collect::<Vec<_>>()
            .join(" or "),
        name => name.as_str().unwrap_or_default().to_owned(),
    };
    let bound = |words: [&str; 3]| words.iter().find_map(|word| schema[*word].as_i64());
    match (
        bound(["minimum", "minLength", "minItems"]),
        bound(["maximum", "maxLength", "maxItems"]),
    ) {
        (Some(least), Some(most)) => format!("{name}, {least} to {most}"),
        (Some(least), None) => format!("{name}, from {least}"),
        (None, Some(most)) => format!("{name}, to {most}"),
        (None, None) => name,
    }
}
