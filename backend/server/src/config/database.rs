//! Where the rows are: `DB_URI`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use berth_domain::Secret;
use serde::{Deserialize, Deserializer};

use super::values::{Setting, from_text};

/// A parsed `DB_URI`. Neither `Debug` nor `Display` shows a password, and no message quotes the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUri {
    /// A file on this machine.
    Sqlite(PathBuf),
    /// A PostgreSQL server, by its whole URL.
    Postgres(Secret<String>),
}

impl FromStr for DatabaseUri {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or("expected `postgresql://user:password@host/database` or `sqlite:///file`")?;
        match scheme {
            "sqlite" => sqlite(rest),
            "postgresql" | "postgres" => postgres(text),
            other if other.starts_with("postgresql+") => {
                Err(format!("`{other}` names a driver, write `postgresql://…`"))
            }
            other => Err(format!(
                "`{other}` databases are not supported, expected `postgresql://…` or `sqlite:///…`"
            )),
        }
    }
}

fn sqlite(rest: &str) -> Result<DatabaseUri, String> {
    let path = rest.strip_prefix('/').ok_or(
        "a file is written with three slashes, `sqlite:///folder/berth.db`, and an absolute one with four",
    )?;
    if path.is_empty() || path.ends_with('/') || path == ":memory:" {
        return Err("a file name is missing, such as `sqlite:///data/berth.db`".to_owned());
    }
    Ok(DatabaseUri::Sqlite(PathBuf::from(path)))
}

fn postgres(text: &str) -> Result<DatabaseUri, String> {
    let url = url::Url::parse(text).map_err(|error| {
        format!("no valid URL ({error}); special characters in a password are written `%xx`")
    })?;
    let database = url.path().trim_start_matches('/');
    if database.is_empty() {
        return Err("the database is missing, as in `postgresql://host/database`".to_owned());
    }
    text.parse::<berth_store::PostgresUrl>()?;
    Ok(DatabaseUri::Postgres(Secret::new(text.to_owned())))
}

impl fmt::Display for DatabaseUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:///{}", path.display()),
            Self::Postgres(url) => match url::Url::parse(url.expose()) {
                Ok(url) => write!(
                    f,
                    "postgresql://{}{}",
                    url.host_str().unwrap_or_default(),
                    url.path()
                ),
                Err(_) => f.write_str("postgresql://…"),
            },
        }
    }
}

from_text!(DatabaseUri);

impl Setting for DatabaseUri {
    fn kind() -> String {
        "URL".to_owned()
    }
    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_slashes_are_relative_and_four_absolute() {
        for (text, path) in [
            ("sqlite:///data/berth.db", "data/berth.db"),
            (
                "sqlite:////var/lib/berth/berth.db",
                "/var/lib/berth/berth.db",
            ),
        ] {
            assert_eq!(text.parse(), Ok(DatabaseUri::Sqlite(path.into())));
        }
    }

    #[test]
    fn wrong_urls_are_refused_without_repeating_them() {
        for text in [
            "",
            "berth.db",
            "sqlite://berth.db",
            "sqlite:///",
            "sqlite:///:memory:",
            "mysql+pymysql://u:hunter2@host/db",
            "postgresql+psycopg2://u:hunter2@host/db",
            "postgresql://u:hunter2@host",
            "postgresql://u:hunter2@ho st/db",
            "postgresql://u:hunter2@host/db?sslmode=on",
            "postgresql://u:hunter2@host/db?sslmode=verify-ca",
            "postgresql://u:hunter2@host/db?sslcert=client.pem",
        ] {
            let refusal = text.parse::<DatabaseUri>().expect_err(text);
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let uri: DatabaseUri =
            "postgresql://berth:hunter2@db.example.com:5432/berth?sslmode=require"
                .parse()
                .expect("a PostgreSQL URL");
        assert_eq!(uri.to_string(), "postgresql://db.example.com/berth");
        assert!(!format!("{uri:?}").contains("hunter2"));
    }
}
