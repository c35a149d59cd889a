//! The macro that declares every key once: type, default, description and whether it does anything.
//!
//! Parsing, the error for unknown keys, the log lines about keys without effect and
//! `docs/configuration.md` all come from these declarations.

use std::fmt;

use serde_json::Value;

use super::values::Setting;
use super::yaml::{self, Refusal};

/// What a key does in this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does what its description says.
    Works,
    /// It is checked and then has no effect: its feature is not built yet.
    Later,
    /// It is checked and never has an effect: it is about something that this product does without.
    Never,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Works => "works",
            Self::Later => "accepted, does nothing yet",
            Self::Never => "does not apply",
        })
    }
}

/// One declared key.
#[derive(Debug, Clone)]
pub struct KeySpec {
    /// Name as written; `<NAME>` at its start stands for any word.
    pub name: &'static str,
    /// What its values are called.
    pub kind: String,
    /// Default in YAML; none where the key is unset by default.
    pub default: Option<String>,
    /// Description, one sentence or more.
    pub doc: &'static str,
    /// What it does.
    pub state: State,
}

impl KeySpec {
    /// Whether this declares `key`.
    pub fn declares(&self, key: &str) -> bool {
        declares(self.name, key)
    }
}

pub(super) fn declares(name: &str, key: &str) -> bool {
    match name.strip_prefix("<NAME>") {
        Some(suffix) => key
            .strip_suffix(suffix)
            .is_some_and(|word| !word.is_empty()),
        None => name == key,
    }
}

/// The text a value is read from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Input<'a> {
    /// A mapping that holds the key.
    File(&'a str),
    /// The value alone.
    Variable(&'a str),
}

impl Input<'_> {
    /// Reads the value of a key. A refusal of a secret does not repeat it.
    pub(super) fn read<T: Setting>(self, key: &str) -> Result<Option<T>, Refusal> {
        let value = match self {
            Self::File(text) => yaml::pick(text, key),
            Self::Variable(text) => yaml::value(text),
        };
        value.map_err(|refusal| Refusal {
            message: if T::SECRET {
                format!("expected {}", T::kind())
            } else {
                refusal.message
            },
            ..refusal
        })
    }
}

/// A concern: the keys that belong together, and the values of those that do something.
pub(super) trait Group {
    /// Heading in the reference.
    fn title(&self) -> &'static str;

    /// Text below the heading.
    fn intro(&self) -> &'static str;

    /// The keys in the order of the reference.
    fn keys(&self) -> Vec<KeySpec>;

    /// The values of the keys that do something, as superusers may see them.
    fn dump(&self) -> Vec<(&'static str, Value)>;

    /// Reads one key; false where it is not of this group.
    fn read(&mut self, key: &str, input: Input<'_>) -> Result<bool, Refusal>;
}

/// Declares a concern. Keys under `works` are fields of the struct; those under `later` and `never`
/// are only checked.
macro_rules! settings {
    (
        $title:literal
        $(#[doc = $intro:literal])+
        pub struct $group:ident;
        works {
            $($(#[doc = $doc:literal])+ $key:literal $field:ident: $type:ty = $default:expr;)*
        }
        later {
            $($(#[doc = $later_doc:literal])+ $later_key:literal: $later_type:ty = $later_default:expr;)*
        }
        never {
            $($(#[doc = $never_doc:literal])+ $never_key:literal: $never_type:ty = $never_default:expr;)*
        }
    ) => {
        $(#[doc = $intro])+
        #[derive(Debug, Clone)]
        pub struct $group {
            $($(#[doc = $doc])+ pub $field: $type,)*
        }

        impl Default for $group {
            fn default() -> Self {
                Self {
                    $($field: $default,)*
                }
            }
        }

        impl $crate::config::keys::Group for $group {
            fn title(&self) -> &'static str {
                $title
            }

            fn intro(&self) -> &'static str {
                concat!($($intro, "\n"),+)
            }

            fn keys(&self) -> Vec<$crate::config::keys::KeySpec> {
                use $crate::config::keys::{KeySpec, State};
                use $crate::config::values::Setting;
                vec![
                    $(KeySpec {
                        name: $key,
                        kind: <$type>::kind(),
                        default: { let default: $type = $default; default.show() },
                        doc: concat!($($doc, "\n"),+),
                        state: State::Works,
                    },)*
                    $(KeySpec {
                        name: $later_key,
                        kind: <$later_type>::kind(),
                        default: { let default: $later_type = $later_default; default.show() },
                        doc: concat!($($later_doc, "\n"),+),
                        state: State::Later,
                    },)*
                    $(KeySpec {
                        name: $never_key,
                        kind: <$never_type>::kind(),
                        default: { let default: $never_type = $never_default; default.show() },
                        doc: concat!($($never_doc, "\n"),+),
                        state: State::Never,
                    },)*
                ]
            }

            fn dump(&self) -> Vec<(&'static str, serde_json::Value)> {
                vec![$(($key, $crate::config::values::Setting::dump(&self.$field)),)*]
            }

            fn read(
                &mut self,
                key: &str,
                input: $crate::config::keys::Input<'_>,
            ) -> Result<bool, $crate::config::yaml::Refusal> {
                $(if key == $key {
                    if let Some(value) = input.read::<$type>(key)? {
                        self.$field = value;
                    }
                    return Ok(true);
                })*
                $(if $crate::config::keys::declares($later_key, key) {
                    input.read::<$later_type>(key)?;
                    return Ok(true);
                })*
                $(if $crate::config::keys::declares($never_key, key) {
                    input.read::<$never_type>(key)?;
                    return Ok(true);
                })*
                Ok(false)
            }
        }
    };
}

pub(super) use settings;
