//! The key that seals secrets: configured, or kept in the data folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use berth_crypto::SealingKey;
use berth_domain::Secret;

use super::{DataFolder, StartUpError};
use crate::config::Config;

const KEY: &str = "DATABASE_SECRET_KEY";

/// The configured key, or the one of the data folder, made at the first start.
pub fn sealing_key(config: &Config, data: &DataFolder) -> Result<SealingKey, StartUpError> {
    let secret = match &config.database.secret_key {
        Some(secret) => secret.clone(),
        None => kept(data, config.database_file(data).as_deref())?,
    };
    SealingKey::from_secret(secret.expose()).map_err(|error| {
        StartUpError::new(
            KEY,
            error,
            "take a long random text, at least 16 characters",
        )
    })
}

/// Reads the file of the data folder, or makes it where there is no database yet.
fn kept(data: &DataFolder, database: Option<&Path>) -> Result<Secret<String>, StartUpError> {
    let path = data.secret_key();
    match fs::read_to_string(&path) {
        Ok(text) => return Ok(Secret::new(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            return Err(StartUpError::new(
                KEY,
                format!("`{}` cannot be read: {error}", path.display()),
                "let this user read the file, or set the key in the configuration",
            ));
        }
    }
    // A first start may have ended between making the file and writing to it.
    let has_rows = |file: &&Path| fs::metadata(file).is_ok_and(|about| about.len() > 0);
    if let Some(database) = database.filter(has_rows) {
        return Err(StartUpError::new(
            KEY,
            format!(
                "`{}` exists, but the key of its secrets, `{}`, does not",
                database.display(),
                path.display()
            ),
            "bring the file back from the backup, or set the key in the configuration",
        ));
    }
    data.make()?;
    make(&path).map_err(|error| {
        StartUpError::new(
            "--data",
            format!("`{}` cannot be made: {error}", path.display()),
            "name a folder that this user may write to and that has room",
        )
    })
}

/// Writes a new key where no file is: complete under another name first, so that a crash leaves
/// either the whole key or none, and a process that starts at the same time takes the same one.
fn make(path: &Path) -> io::Result<Secret<String>> {
    let secret = SealingKey::generate_secret();
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let written = write_private(&draft, secret.expose()).and_then(|()| fs::hard_link(&draft, path));
    let _ = fs::remove_file(&draft);
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.exists() => {
            let text = fs::read_to_string(path)?;
            return Ok(Secret::new(text.trim().to_owned()));
        }
        Err(error) => return Err(error),
    }
    if let Some(folder) = path.parent() {
        // The name must survive a power cut as well: secrets are sealed with it from now on.
        File::open(folder)?.sync_all()?;
    }
    tracing::info!(path = %path.display(), "made a new sealing key; back it up together with the database");
    Ok(secret)
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary_opens(one: &SealingKey, other: &SealingKey) -> bool {
        one.matches_canary(&other.canary())
    }

    #[test]
    fn the_first_start_makes_a_private_key_that_the_next_one_finds() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::new(folder.path().join("data"));
        let config = Config::default();
        let first = sealing_key(&config, &data).unwrap();
        let second = sealing_key(&config, &data).unwrap();
        assert!(canary_opens(&first, &second));
        let files: Vec<_> = fs::read_dir(data.path()).unwrap().collect();
        assert_eq!(files.len(), 1, "{files:?}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(data.secret_key())
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_database_without_its_key_does_not_get_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::new(folder.path());
        fs::write(data.database(), b"rows").unwrap();
        let error = sealing_key(&Config::default(), &data)
            .err()
            .unwrap()
            .to_string();
        assert!(error.starts_with("`DATABASE_SECRET_KEY`"), "{error}");
        assert!(!data.secret_key().exists());
    }

    #[test]
    fn a_configured_key_leaves_the_folder_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::new(folder.path().join("data"));
        let mut config = Config::default();
        config.database.secret_key = Some("a long random text".into());
        sealing_key(&config, &data).unwrap();
        assert!(!data.path().exists());
    }
}
