//! What a task needs: the table of it, the consent to it, the getting of it.

use crate::shell::{Result, ask, command, is_ci, is_root, line, run, step, which};
use crate::tools::{Origin, Tool};
use crate::wasm;

/// One thing that a task cannot do without.
pub(crate) struct Need {
    pub(crate) what: String,
    pub(crate) state: State,
}

/// Whether it is there, and otherwise how it comes.
pub(crate) enum State {
    /// There; the text says which or where.
    There(String),
    /// Will be obtained, at about this cost on two cores.
    Missing {
        how: String,
        seconds: u32,
        megabytes: u32,
        action: Action,
    },
}

/// How something comes.
pub(crate) enum Action {
    /// Packages of the distribution.
    Packages(&'static [&'static str]),
    /// The wasm target, by rustup or else by the distribution.
    WasmTarget,
    /// A pinned tool, into the cache folder.
    Tool(&'static Tool),
    /// Something the task makes itself, in the clone.
    Made,
}

impl Need {
    pub(crate) fn there(what: impl Into<String>, which: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            state: State::There(which.into()),
        }
    }

    pub(crate) fn missing(
        what: impl Into<String>,
        how: impl Into<String>,
        (seconds, megabytes): (u32, u32),
        action: Action,
    ) -> Self {
        let state = State::Missing {
            how: how.into(),
            seconds,
            megabytes,
            action,
        };
        Self {
            what: what.into(),
            state,
        }
    }

    /// A pinned tool.
    pub(crate) fn tool(tool: &'static Tool) -> Self {
        let what = format!("{} {}", tool.name, tool.version.trim_start_matches('v'));
        match tool.find() {
            Some(folder) => Self::there(what, folder.display().to_string()),
            None => Self::missing(
                what,
                tool.manner(),
                (tool.seconds, tool.megabytes),
                Action::Tool(tool),
            ),
        }
    }

    /// Programs that packages of the distribution bring.
    pub(crate) fn packages(
        what: &str,
        found: Option<String>,
        packages: &'static [&'static str],
        cost: (u32, u32),
    ) -> Self {
        match found {
            Some(found) => Self::there(what, found),
            None => Self::missing(
                what,
                format!("packages {}", packages.join(" ")),
                cost,
                Action::Packages(packages),
            ),
        }
    }

    pub(crate) fn is_there(&self) -> bool {
        matches!(self.state, State::There(_))
    }

    /// Whether it is a program in Go that has to be obtained.
    const fn is_module(&self) -> bool {
        matches!(
            self.state,
            State::Missing {
                action: Action::Tool(Tool {
                    origin: Origin::Module(_),
                    ..
                }),
                ..
            }
        )
    }

    fn changes_system(&self) -> bool {
        matches!(
            self.state,
            State::Missing {
                action: Action::Packages(_) | Action::WasmTarget,
                ..
            }
        )
    }
}

/// Prints the table.
pub(crate) fn print(needs: &[Need]) {
    let width = needs
        .iter()
        .map(|need| need.what.chars().count())
        .max()
        .unwrap_or(0);
    println!("{:width$}   {:>7}  {:>7}   state", "", "time", "disk");
    let (mut all_seconds, mut all_megabytes) = (0, 0);
    for need in needs {
        match &need.state {
            State::There(which) => {
                println!("{:width$}   {:>7}  {:>7}   ok: {which}", need.what, "", "");
            }
            State::Missing {
                how,
                seconds,
                megabytes,
                ..
            } => {
                all_seconds += seconds;
                all_megabytes += megabytes;
                let (time, disk) = (duration(*seconds), format!("{megabytes} MB"));
                println!(
                    "{:width$}   {time:>7}  {disk:>7}   to get: {how}",
                    need.what
                );
            }
        }
    }
    let (time, disk) = (duration(all_seconds), format!("{all_megabytes} MB"));
    println!(
        "{:width$}   {time:>7}  {disk:>7}   in all, on two cores\n",
        ""
    );
}

fn duration(seconds: u32) -> String {
    if seconds < 90 {
        format!("{seconds} s")
    } else {
        format!("{} min", (seconds + 30) / 60)
    }
}

/// Obtains what is missing; asks first where that changes the system.
///
/// With `assume_yes`, in CI and as root nobody is asked. Where nobody can be asked, the error holds
/// the line to run.
pub(crate) fn obtain(needs: &[Need], assume_yes: bool) -> Result<()> {
    let lines: Vec<String> = needs
        .iter()
        .filter(|need| need.changes_system())
        .map(system_line)
        .collect();
    if !(lines.is_empty() || assume_yes || is_ci() || is_root()) {
        let all = lines.join("\n    ");
        match ask(&format!("This changes the system:\n    {all}\nGo on?")) {
            Some(true) => {}
            _ => {
                return Err(format!(
                    "not installed; run this yourself, then start again:\n    {all}"
                ));
            }
        }
    }
    let mut packages: Vec<&str> = Vec::new();
    for need in needs {
        if let State::Missing {
            action: Action::Packages(list),
            ..
        } = &need.state
        {
            packages.extend(*list);
        }
    }
    if !packages.is_empty() {
        step("packages of the distribution", || {
            install_packages(&packages)
        })?;
    }
    // Programs in Go wait for their modules for long, which leaves the processors to cargo.
    let (modules, others): (Vec<&Need>, Vec<&Need>) =
        needs.iter().partition(|need| need.is_module());
    std::thread::scope(|scope| {
        let modules = scope.spawn(|| modules.into_iter().try_for_each(make));
        let others = others.into_iter().try_for_each(make);
        let modules = modules.join();
        others.and(modules.unwrap_or_else(|_| Err("installing programs in Go panicked".to_owned())))
    })
}

/// Obtains a tool or the wasm target, where it is missing.
fn make(need: &Need) -> Result<()> {
    match &need.state {
        State::Missing {
            action: Action::Tool(tool),
            ..
        } => step(&need.what, || tool.install()),
        State::Missing {
            action: Action::WasmTarget,
            ..
        } => step(&need.what, wasm_target),
        _ => Ok(()),
    }
}

fn system_line(need: &Need) -> String {
    match &need.state {
        State::Missing {
            action: Action::Packages(list),
            ..
        } => apt_line(list),
        _ if wasm::has_rustup() => format!("rustup target add {}", wasm::TARGET),
        _ => apt_line(&wasm::DEBIAN_PACKAGES),
    }
}

fn apt_line(packages: &[&str]) -> String {
    if which("apt-get").is_none() {
        return format!(
            "(with your package manager, under these or similar names) {}",
            packages.join(" ")
        );
    }
    let words = packages.join(" ");
    let line = format!("apt-get install --no-install-recommends {words}");
    if is_root() {
        line
    } else if which("sudo").is_some() {
        format!("sudo {line}")
    } else {
        format!("su -c '{line}'")
    }
}

/// Installs packages with `apt-get`, as root or through sudo.
fn install_packages(packages: &[&str]) -> Result<()> {
    let may = is_root() || which("sudo").is_some();
    if which("apt-get").is_none() || !may {
        return Err(format!(
            "cannot install packages here; run this yourself, then start again:\n    {}",
            apt_line(packages)
        ));
    }
    let apt = |words: &[&str]| {
        let mut apt = if is_root() {
            command("apt-get")
        } else {
            command("sudo")
        };
        if !is_root() {
            apt.args(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        }
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt.args(["-q", "-y"]).args(words);
        run(&mut apt)
    };
    // An old list still serves most packages, so a failed update is not the end.
    if let Err(error) = apt(&["update"]) {
        println!("{error}");
    }
    let mut words = vec!["install", "--no-install-recommends"];
    words.extend(packages);
    apt(&words)
}

fn wasm_target() -> Result<()> {
    if wasm::has_rustup() {
        match wasm::add_by_rustup() {
            Ok(()) => return Ok(()),
            Err(error) => println!("{error}; trying the distribution's compiler"),
        }
    }
    install_packages(&wasm::DEBIAN_PACKAGES).map_err(|error| {
        format!(
            "no {target} target: run `rustup target add {target}`, or on Debian install {}\n{error}",
            wasm::DEBIAN_PACKAGES.join(" "),
            target = wasm::TARGET
        )
    })?;
    if wasm::Compiler::find().is_some() {
        Ok(())
    } else {
        let rustc = line(command("/usr/bin/rustc").arg("--version"));
        Err(format!(
            "the distribution's Rust is too old or incomplete, see `{rustc}`"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_said_in_the_unit_people_wait_in() {
        assert_eq!(duration(40), "40 s");
        assert_eq!(duration(200), "3 min");
    }
}
