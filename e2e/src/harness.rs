//! Runs scenarios as tests, each in both shapes, on registries that are started once.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;

use crate::deployment::{Deployment, Shape};
use crate::world::World;

/// A test: a claim about a registry, shown by what clients do.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Module and function.
    pub name: &'static str,
    /// The shapes that it is shown in.
    pub shapes: &'static [Shape],
    /// What it does; it panics where the claim does not hold.
    pub run: fn(World) -> Pin<Box<dyn Future<Output = ()>>>,
}

/// Both shapes.
pub const BOTH: &[Shape] = &[Shape::Embedded, Shape::Scaled];

/// Lists the functions of a module that are scenarios in both shapes, or `in SHAPES;` before the names.
#[macro_export]
macro_rules! scenarios {
    (in $shapes:expr; $($function:ident),* $(,)?) => {
        &[$($crate::harness::Scenario {
            name: concat!(module_path!(), "::", stringify!($function)),
            shapes: $shapes,
            run: |world| Box::pin($function(world)),
        }),*]
    };
    ($($function:ident),* $(,)?) => {
        $crate::scenarios!(in $crate::harness::BOTH; $($function),*)
    };
}

/// Registries that scenarios share, started when the first scenario of their shape runs.
#[derive(Debug)]
struct Worlds {
    runtime: Runtime,
    embedded: Mutex<Option<World>>,
    scaled: Mutex<Option<World>>,
}

impl Worlds {
    fn get(&self, shape: Shape) -> World {
        let slot = match shape {
            Shape::Embedded => &self.embedded,
            Shape::Scaled => &self.scaled,
        };
        // A start that failed poisons the slot; the next scenario tries again and says why.
        let mut slot = slot
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        slot.get_or_insert_with(|| {
            self.runtime
                .block_on(async { World::set_up(Deployment::start(shape).await).await })
        })
        .clone()
    }
}

/// Runs the scenarios that the command line asks for, as `cargo test` would.
pub fn main(modules: &[&'static [Scenario]]) -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Scenarios wait for clients, browsers and outages more than they work.
    let threads = std::thread::available_parallelism().map_or(2, usize::from) + 2;
    arguments.test_threads.get_or_insert(threads);
    let worlds = Arc::new(Worlds {
        runtime: Runtime::new().expect("the system gives threads"),
        embedded: Mutex::new(None),
        scaled: Mutex::new(None),
    });
    let mut trials = Vec::new();
    for scenario in modules.iter().copied().flatten() {
        for shape in scenario.shapes {
            let worlds = Arc::clone(&worlds);
            // The name of the test crate says nothing.
            let name = scenario
                .name
                .split_once("::")
                .map_or(scenario.name, |(_, rest)| rest);
            trials.push(Trial::test(format!("{shape}::{name}"), move || {
                let world = worlds.get(*shape);
                let deployment = world.clone();
                let run = AssertUnwindSafe(|| worlds.runtime.block_on((scenario.run)(world)));
                std::panic::catch_unwind(run).map_err(|panic| {
                    let errors = deployment.deployment().errors_logged();
                    format!("{}\nservers logged:\n{errors}", message(&panic)).into()
                })
            }));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Ends the servers, which `exit` would leave behind.
    drop(worlds);
    conclusion.exit_code()
}

/// What a panic said.
fn message(panic: &Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
