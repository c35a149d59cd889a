//! Configuration: one YAML file with upper-case keys, and variables of the environment over it.
//!
//! It is read once, at start; nothing asks the environment later. Every mistake is found in one go.

mod check;
pub mod database;
mod keys;
mod problem;
mod reference;
pub mod storage;
mod table;
pub mod values;
mod yaml;

use std::collections::BTreeMap;
use std::path::Path;

use berth_services::settings::Configuration;
use serde_json::json;

use self::keys::{Group, Input};
pub use self::keys::{KeySpec, State};
pub use self::problem::{Place, Problem};
pub use self::reference::reference;
pub use self::table::{
    Accounts, Builds, Collection, Database, Directories, Look, Mirroring, Notifications, Quotas,
    Registry, Scanner, Server, Storage, Superusers, Tags, Teams, Tokens, UsageLogs,
};

/// What stands before a key's name in the environment.
pub const VARIABLE_PREFIX: &str = "BERTH_";

/// Variables with that prefix which are no keys but stand for options of the command line.
pub const COMMAND_VARIABLES: [&str; 2] = ["BERTH_CONFIG", "BERTH_DATA"];

macro_rules! config {
    ($($(#[doc = $doc:literal])+ $field:ident: $group:ident,)+) => {
        /// Every setting that does something, by concern.
        #[derive(Debug, Clone, Default)]
        pub struct Config {
            $($(#[doc = $doc])+ pub $field: $group,)+
        }

        impl Config {
            fn groups(&self) -> Vec<&dyn Group> {
                vec![$(&self.$field),+]
            }

            fn groups_mut(&mut self) -> Vec<&mut dyn Group> {
                vec![$(&mut self.$field),+]
            }
        }
    };
}

config! {
    /// Address, name and process.
    server: Server,
    /// Rows.
    database: Database,
    /// Bytes.
    storage: Storage,
    /// Docker and OCI clients.
    registry: Registry,
    /// Users.
    accounts: Accounts,
    /// Those who administer the registry.
    superusers: Superusers,
    /// Robots and tokens.
    tokens: Tokens,
    /// Teams.
    teams: Teams,
    /// Console.
    look: Look,
    /// Tags and their expiration.
    tags: Tags,
    /// Garbage.
    collection: Collection,
    /// Quota and pruning.
    quotas: Quotas,
    /// Usage logs.
    usage_logs: UsageLogs,
    /// Notifications.
    notifications: Notifications,
    /// Proxies and mirrors.
    mirroring: Mirroring,
    /// Vulnerability reports.
    scanner: Scanner,
    /// Sign-in by others.
    directories: Directories,
    /// Image builds.
    builds: Builds,
}

impl Config {
    /// Every key that does something with its value, and what every key means, as superusers may see it: from the file,
    /// the environment or by default, with secrets masked.
    pub fn dump(&self) -> Configuration {
        let values = self.groups().into_iter().flat_map(keys::Group::dump);
        let values = values.map(|(key, value)| (key.to_owned(), value));
        let schema = all_keys().into_iter().map(|key| {
            let described = json!({
                "type": key.kind, "description": key.doc.trim(), "default": key.default,
                "state": key.state.to_string(),
            });
            (key.name.to_owned(), described)
        });
        Configuration {
            values: values.collect(),
            schema: schema.collect(),
        }
    }
}

/// What reading a configuration gave.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The settings; only to be used when there are no problems.
    pub config: Config,
    /// Every mistake found, in the order of the text.
    pub problems: Vec<Problem>,
    /// What works but deserves a look.
    pub advice: Vec<Problem>,
    /// Which keys were set, and where.
    pub set: BTreeMap<String, Place>,
}

impl Loaded {
    /// Reads `file`, if there is one, and then the variables.
    pub fn read(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        match file {
            None => Self::parse(None, variables),
            Some(path) => match std::fs::read_to_string(path) {
                Ok(text) => Self::parse(Some((path, &text)), variables),
                Err(error) => Self {
                    problems: vec![Problem {
                        place: Some(Place::File(path.to_owned(), None)),
                        key: None,
                        message: format!("the configuration file cannot be read: {error}"),
                    }],
                    ..Self::default()
                },
            },
        }
    }

    /// Parses the text of a file, if there is one, and then the variables.
    pub fn parse(
        file: Option<(&Path, &str)>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let mut loaded = Self::default();
        if let Some((path, text)) = file {
            loaded.parse_file(path, text);
        }
        let mut variables: Vec<_> = variables.into_iter().collect();
        variables.sort();
        for (name, value) in variables {
            loaded.parse_variable(&name, &value);
        }
        check::cross_check(&mut loaded);
        loaded
    }

    /// The keys that were set although they have no effect, in the given state.
    pub fn without_effect(&self, state: State) -> Vec<&str> {
        let specs = all_keys();
        let is_in_state = |key: &&str| {
            specs
                .iter()
                .any(|spec| spec.state == state && spec.declares(key))
        };
        self.set
            .keys()
            .map(String::as_str)
            .filter(is_in_state)
            .collect()
    }

    /// The keys that were set although they have no effect, with the reason.
    pub fn without_effect_by_state(&self) -> Vec<(State, Vec<&str>)> {
        [State::Later, State::Never]
            .map(|state| (state, self.without_effect(state)))
            .into_iter()
            .filter(|(_, keys)| !keys.is_empty())
            .collect()
    }

    fn parse_file(&mut self, path: &Path, text: &str) {
        let keys = match yaml::keys(text) {
            Ok(keys) => keys,
            Err(refusal) => {
                self.problems.push(Problem {
                    place: Some(Place::File(path.to_owned(), refusal.line)),
                    key: None,
                    message: refusal.message,
                });
                return;
            }
        };
        for (key, line) in keys {
            let place = |line| Place::File(path.to_owned(), Some(line));
            let problem = match self.assign(&key, Input::File(text)) {
                Ok(true) => {
                    self.set.insert(key, place(line));
                    continue;
                }
                Ok(false) => Problem {
                    place: Some(place(line)),
                    message: unknown_key(&key),
                    key: Some(key),
                },
                Err(refusal) => Problem {
                    place: Some(place(refusal.line.unwrap_or(line))),
                    key: Some(key),
                    message: refusal.message,
                },
            };
            self.problems.push(problem);
        }
    }

    fn parse_variable(&mut self, name: &str, value: &str) {
        let Some(key) = name.strip_prefix(VARIABLE_PREFIX) else {
            return;
        };
        if COMMAND_VARIABLES.contains(&name) {
            return;
        }
        let place = Some(Place::Variable(name.to_owned()));
        let key = key.to_owned();
        match self.assign(&key, Input::Variable(value)) {
            Ok(true) => {
                self.set.extend(place.map(|place| (key, place)));
            }
            // Orchestrators put variables of their own beside ours, such as `BERTH_SERVICE_HOST`
            // for a service called `berth`: only what looks like a slip of the pen is refused.
            Ok(false) => {
                let list = if nearest(&key).is_some_and(|(_, distance)| distance <= SLIP_DISTANCE) {
                    &mut self.problems
                } else {
                    &mut self.advice
                };
                list.push(Problem {
                    place,
                    message: unknown_key(&key),
                    key: Some(key),
                });
            }
            Err(refusal) => self.problems.push(Problem {
                place,
                key: Some(key),
                message: refusal.message,
            }),
        }
    }

    fn assign(&mut self, key: &str, input: Input<'_>) -> Result<bool, yaml::Refusal> {
        for group in self.config.groups_mut() {
            if group.read(key, input)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Every declared key, in the order of the reference.
pub fn all_keys() -> Vec<KeySpec> {
    let config = Config::default();
    config
        .groups()
        .iter()
        .flat_map(|group| group.keys())
        .collect()
}

/// Up to that many letters apart, a variable is taken for a misspelt key.
const SLIP_DISTANCE: usize = 3;

fn unknown_key(key: &str) -> String {
    match nearest(key) {
        Some((known, _)) => format!("no such key; the nearest known one is `{known}`"),
        None => "no such key".to_owned(),
    }
}

fn nearest(key: &str) -> Option<(&'static str, usize)> {
    let key = key.to_uppercase().replace('-', "_");
    all_keys()
        .into_iter()
        .map(|spec| (spec.name, strsim::osa_distance(&key, spec.name)))
        .min_by_key(|(_, distance)| *distance)
}

#[cfg(test)]
mod tests;
