//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::commands::{self, exit, print};
use crate::config::{self, Loaded};

/// A container registry in one binary.
#[derive(Debug, Parser)]
#[command(name = "berth", version, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  berth serve                                  a registry on http://127.0.0.1:8080, everything under ./data
  berth serve --config berth.yaml --listen 0.0.0.0:8080
  berth check-config --config berth.yaml       every mistake of a configuration at once
  berth migrate --config berth.yaml            before `serve`, where the database is PostgreSQL

Every configuration key can be set by the environment too: BERTH_SUPER_USERS='[admin]' berth serve")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the registry
    #[command(after_help = "\
Without a configuration everything lies in the data folder: database, blobs, sealing key.
SIGTERM and SIGINT drain: running requests may finish within DRAIN_TIMEOUT, new ones get 503.

Examples:
  berth serve
  berth serve --config berth.yaml --listen 0.0.0.0:8080
  BERTH_SUPER_USERS='[admin]' berth serve --data /srv/berth")]
    Serve(ServeArgs),
    /// Run the periodic work alone, beside servers started with --no-workers
    #[command(after_help = "\
Examples:
  berth worker --config berth.yaml")]
    Worker {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Create users and set passwords
    #[command(after_help = "\
Examples:
  berth user create admin --email admin@example.com --superuser --password-stdin < password.txt
  berth user set-password admin --config berth.yaml --password-stdin < password.txt")]
    User {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(flatten)]
        data: DataArgs,
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Bring the database to the schema of this version
    #[command(after_help = "\
`serve` does it by itself on SQLite. PostgreSQL is shared by replicas, so there it is a step of its own.

Examples:
  berth migrate --config berth.yaml
  BERTH_DB_URI='postgresql://berth:secret@db/berth' berth migrate")]
    Migrate {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Check a configuration and list every mistake
    #[command(after_help = "\
Examples:
  berth check-config --config berth.yaml
  BERTH_DB_URI=sqlite:////srv/berth.db berth check-config")]
    CheckConfig(ConfigArgs),
    /// Print the reference of all configuration keys, docs/configuration.md
    #[command(after_help = "\
Examples:
  berth config-reference > docs/configuration.md")]
    ConfigReference,
    /// Print the GraphQL schema, graphql/schema.graphql
    #[command(after_help = "\
Examples:
  berth graphql-schema > graphql/schema.graphql")]
    GraphqlSchema,
}

/// What `berth serve` is told.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Where to listen, instead of the configured address
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Leave the periodic work to `berth worker`
    #[arg(long)]
    pub(crate) no_workers: bool,
}

/// What `berth user` can do.
#[derive(Debug, Clone, Subcommand)]
pub enum UserCommand {
    /// Create a user
    Create {
        /// Name, such as `ann`
        name: String,
        /// E-mail address
        #[arg(long)]
        email: Option<String>,
        /// Let the user administer the registry
        #[arg(long)]
        superuser: bool,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Set a user's password and end its sessions
    SetPassword {
        /// Name or e-mail address
        name: String,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    /// Configuration file; without one, defaults and the environment apply
    #[arg(long, value_name = "FILE", global = true, env = "BERTH_CONFIG")]
    pub config: Option<PathBuf>,
}

/// Where an embedded registry keeps what it has.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// Folder of database, blobs and sealing key, as far as the configuration puts them nowhere else
    #[arg(
        long,
        value_name = "DIR",
        global = true,
        env = "BERTH_DATA",
        default_value = "data"
    )]
    pub data: PathBuf,
}

impl Cli {
    /// Runs the command to its end.
    pub fn run(self) -> ExitCode {
        exit(match self.command {
            Command::Serve(args) => commands::serve(&args),
            Command::Worker { config, data } => commands::worker(&config, &data),
            Command::User {
                config,
                data,
                command,
            } => commands::user(&config, &data, &command),
            Command::Migrate { config, data } => commands::migrate(&config, &data),
            Command::CheckConfig(args) => commands::check_config(&args),
            Command::ConfigReference => print(&config::reference()),
            Command::GraphqlSchema => print(&berth_graphql::sdl()),
        })
    }
}

impl ConfigArgs {
    pub(crate) fn load(&self) -> Loaded {
        // Values that are no Unicode cannot be YAML.
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Loaded::read(self.config.as_deref(), variables)
    }
}
