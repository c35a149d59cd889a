//! `cargo xtask up`: from a fresh clone to a running registry.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::server::Occupant;
use crate::shell::{Result, command, read};
use crate::{console, demo, paths, plan, server};

/// Where the server listens unless told otherwise.
const ADDRESS: &str = "127.0.0.1:8080";

/// What the command line said.
#[derive(Debug)]
pub(crate) struct Options {
    /// Change the system without asking.
    pub(crate) yes: bool,
    /// Fill a new registry with an organization and images.
    pub(crate) demo: bool,
    /// Stop after building.
    pub(crate) no_serve: bool,
    pub(crate) listen: SocketAddr,
    pub(crate) data: PathBuf,
}

impl Options {
    /// Reads the arguments after `up`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            yes: false,
            demo: false,
            no_serve: false,
            listen: ADDRESS.parse().expect("a constant address"),
            data: paths::root().join("data"),
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
            match word.as_str() {
                "--yes" | "-y" => options.yes = true,
                "--demo" => options.demo = true,
                "--no-serve" => options.no_serve = true,
                "--listen" => {
                    let text = value()?;
                    options.listen = text
                        .parse()
                        .map_err(|_| format!("`{text}` is no address such as `{ADDRESS}`"))?;
                }
                "--data" => options.data = PathBuf::from(value()?),
                other => {
                    return Err(format!(
                        "unknown option `{other}`, see `cargo xtask up --help`"
                    ));
                }
            }
        }
        Ok(options)
    }
}

/// Obtains, builds, starts.
pub(crate) fn run(options: &Options) -> Result<()> {
    prepare(options.yes)?;
    if options.no_serve {
        println!("built: {}", paths::server_binary().display());
        return Ok(());
    }
    let address = options.listen;
    match server::occupant(address) {
        Occupant::Nobody => {}
        Occupant::Berth => {
            println!("a registry runs at http://{address} already");
            return announce(address, options.demo);
        }
        Occupant::Other => {
            return Err(format!(
                "another program listens at {address}; stop it or say `--listen 127.0.0.1:PORT`"
            ));
        }
    }
    start_announcer(address, options.demo)?;
    let initialize: &[(&str, &str)] = if options.demo {
        &[("BERTH_FEATURE_USER_INITIALIZE", "true")]
    } else {
        &[]
    };
    Err(server::become_server(address, &options.data, initialize))
}

/// The table, then everything that running the server takes.
pub(crate) fn prepare(yes: bool) -> Result<()> {
    let mut needs = console::needs();
    let obtainable = needs.len();
    needs.extend(console::to_make());
    needs.push(server::need());
    plan::print(&needs);
    plan::obtain(&needs[..obtainable], yes)?;
    console::build()?;
    server::build()
}

/// Starts the announcer beside the server, which takes over this process and so gets its signals.
/// The shell between them lets the system reap it, which the server would not.
fn start_announcer(address: SocketAddr, demo: bool) -> Result<()> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut shell = command("sh");
    shell.args(["-c", "\"$0\" announce \"$@\" &"]).arg(own);
    shell
        .arg(std::process::id().to_string())
        .arg(address.to_string());
    if demo {
        shell.arg("--demo");
    }
    let status = shell.status();
    status
        .map(|_| ())
        .map_err(|error| format!("cannot start the announcer: {error}"))
}

/// The hidden command that waits for the server and says how to use it.
pub(crate) fn announcer(arguments: &[String]) -> Result<()> {
    let [server, address, rest @ ..] = arguments else {
        return Err("`announce` needs a process and an address".to_owned());
    };
    let address = address
        .parse()
        .map_err(|_| format!("`{address}` is no address"))?;
    let alive = || read(command("kill").args(["-0", server])).is_ok();
    if server::wait_until_ready(address, Duration::from_mins(1), alive) {
        announce(address, rest.iter().any(|word| word == "--demo"))
    } else {
        // The server has said why it ended.
        Ok(())
    }
}

fn announce(address: SocketAddr, with_demo: bool) -> Result<()> {
    let mut user = "admin".to_owned();
    println!("\nBerth is at http://{address}");
    if with_demo {
        let demo = demo::fill(address)?;
        println!(
            "demo: organization `{}`; sign in as `{}` with password `{}`",
            demo.organization, demo.user, demo.password
        );
        user = demo.user;
    } else {
        println!("Open it to set up the first user, here called `{user}`. Then the first push:");
    }
    println!("\n{}\n", first_push(&user, address));
    Ok(())
}

/// The three lines of a first push, as the README has them.
fn first_push(user: &str, address: SocketAddr) -> String {
    format!(
        "podman login --tls-verify=false -u {user} {address}\n\
         printf 'FROM scratch\\nLABEL hello=berth\\n' | podman build -t {address}/{user}/hello -\n\
         podman push --tls-verify=false {address}/{user}/hello"
    )
}

#[cfg(test)]
mod tests {
    use super::{ADDRESS, Options, first_push};

    fn parse(line: &str) -> super::Result<Options> {
        Options::parse(
            &line
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn the_first_push_is_the_one_of_the_readme() {
        let readme = include_str!("../../../README.md");
        let address = ADDRESS.parse().expect("a constant address");
        let block = format!("```sh\n{}\n```", first_push("admin", address));
        assert!(readme.contains(&block), "the README has not:\n{block}");
    }

    #[test]
    fn options_are_read_and_wrong_ones_named() {
        let options = parse("--yes --listen 127.0.0.1:9000 --data /tmp/x").expect("all are known");
        assert!(options.yes && !options.demo);
        assert_eq!(options.listen.port(), 9000);
        assert_eq!(
            parse("--lissten").expect_err("it is misspelt"),
            "unknown option `--lissten`, see `cargo xtask up --help`"
        );
        assert_eq!(
            parse("--data").expect_err("it has no value"),
            "`--data` needs a value"
        );
    }
}
