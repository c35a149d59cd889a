//! `berth user`.

use std::io::Read as _;

use berth_domain::Secret;
use berth_services::Services;

use super::{Failure, block_on, configuration, print};
use crate::cli::{ConfigArgs, DataArgs, UserCommand};
use crate::config::Config;
use crate::start_up::{DataFolder, services};

/// Longest password that is read.
const PASSWORD_BYTES_MAX: u64 = 4096;

/// Creates a user or sets a password, in the database of the configuration; a server that runs on it
/// sees it at once.
pub(crate) fn user(
    config: &ConfigArgs,
    data: &DataArgs,
    command: &UserCommand,
) -> Result<(), Failure> {
    let config = configuration(config)?;
    let data = DataFolder::new(&data.data);
    let password = password()?;
    block_on(async {
        let services = open(&config, &data).await?;
        let authn = &services.authn;
        let local = authn.local();
        let done = match command {
            UserCommand::Create {
                name,
                email,
                superuser,
                ..
            } => {
                let email = email.as_deref();
                authn
                    .create_user(&local, name, email, &password, *superuser)
                    .await?;
                format!("user {name} created\n")
            }
            UserCommand::SetPassword { name, .. } => {
                authn.reset_password(&local, name, &password).await?;
                format!("the password of {name} is set, and its sessions have ended\n")
            }
        };
        print(&done)
    })
}

async fn open(config: &Config, data: &DataFolder) -> Result<Services, Failure> {
    let migrate = config.migrate_at_start();
    Ok(services(config, data, config.server.listen, migrate).await?)
}

/// The password from standard input, without the end of its line.
fn password() -> Result<Secret<String>, Failure> {
    let mut text = String::new();
    let read = std::io::stdin()
        .take(PASSWORD_BYTES_MAX)
        .read_to_string(&mut text);
    let text = Secret::new(text);
    read.map_err(|error| Failure(format!("the password cannot be read: {error}")))?;
    Ok(Secret::from(text.expose().trim_end_matches(['\r', '\n'])))
}
