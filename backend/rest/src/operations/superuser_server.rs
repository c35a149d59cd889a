//! What superusers see of the server itself.

use serde::Serialize;
use serde_json::{Map, Value};

use super::superuser;
use crate::answer::Answer;
use crate::call::Call;
use crate::operation::{Group, Operation, Outcome};

pub(super) fn group() -> Group {
    let on = |settings: &berth_services::Settings| settings.users.superusers_enabled;
    Group {
        tag: superuser::TAG,
        description: superuser::DESCRIPTION,
        operations: vec![
            Operation::get(
                "/superuser/config",
                "getConfig",
                "Returns the configuration in force, with secrets masked",
                config,
            )
            .superusers()
            .fresh_login()
            .feature(on)
            .internal(),
            Operation::get(
                "/superuser/changelog/",
                "getChangeLog",
                "Returns the change log for this installation",
                changelog,
            )
            .superusers()
            .fresh_login()
            .feature(on)
            .internal(),
            Operation::get(
                "/superuser/registrystatus",
                "getRegistryStatus",
                "Returns the status of the registry",
                status,
            )
            .feature(on)
            .internal(),
        ],
    }
}

/// Unknown keys keep the registry from starting, and its environment is nobody's business.
#[expect(clippy::struct_field_names, reason = "the words of the API")]
#[derive(Serialize)]
struct Config<'a> {
    config: &'a Map<String, Value>,
    warning: Map<String, Value>,
    env: Map<String, Value>,
    schema: &'a Map<String, Value>,
}

async fn config(call: Call) -> Outcome {
    let configuration = call.services.superuser.configuration(&call.actor)?;
    Answer::ok(&Config {
        config: &configuration.values,
        warning: Map::new(),
        env: Map::new(),
        schema: &configuration.schema,
    })
}

#[derive(Serialize)]
struct Changelog {
    log: &'static str,
}

async fn changelog(call: Call) -> Outcome {
    let log = call.services.superuser.changelog(&call.actor)?;
    Answer::ok(&Changelog { log })
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
    provider_id: &'static str,
}

/// A registry that answers has been set up.
async fn status(_: Call) -> Outcome {
    Answer::ok(&Status {
        status: "ready",
        provider_id: "file",
    })
}
