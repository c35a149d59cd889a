//! `berth user`.

use std::io::Read as _;

use berth_domain::Secret;

use super::{Failure, block_on, configuration, print};
use crate::cli::{ConfigArgs, DataArgs, UserCommand};
use crate::start_up::{DataFolder, Migrate, own_if_free, services};

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
    let owned = own_if_free(&config, &data)?;
    let migrate = match owned {
        Some(_) => config.migrate_at_start(),
        // The server that runs on it has done so.
        None => Migrate::No,
    };
    block_on(async {
        let services = services(&config, &data, config.server.listen, migrate).await?;
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
