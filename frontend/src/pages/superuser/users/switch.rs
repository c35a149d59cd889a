//! Users are shut out and let in again.

use cynic::MutationBuilder;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{Api, use_api},
    components::{Toasts, error_text, use_toasts},
    i18n::*,
    schema,
};

/// A user to be enabled or disabled.
#[derive(Debug, Clone)]
pub(super) struct Switch {
    /// Global id.
    pub(super) id: String,
    /// Name.
    pub(super) name: String,
    /// What it becomes.
    pub(super) enabled: bool,
}

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    id: cynic::Id,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Enable {
    #[arguments(input: { id: $id })]
    enable_user: Enabled,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "EnableUserPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Enabled {
    user: Switched,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Disable {
    #[arguments(input: { id: $id })]
    disable_user: Disabled,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "DisableUserPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Disabled {
    user: Switched,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "User")]
#[expect(dead_code, reason = "only the success matters")]
struct Switched {
    id: cynic::Id,
}

/// What outlives the page from which a change was made, since its undo is offered longer.
#[derive(Clone, Copy)]
struct Switcher {
    api: Api,
    toasts: Toasts,
    i18n: I18n,
    refetch: Callback<()>,
}

/// Enables or disables at once and offers to undo it.
pub(super) fn use_switch(refetch: Callback<()>) -> Callback<Switch> {
    let switcher = Switcher {
        api: use_api(),
        toasts: use_toasts(),
        i18n: use_i18n(),
        refetch,
    };
    Callback::new(move |switch| switcher.run(switch))
}

impl Switcher {
    fn run(self, switch: Switch) {
        let Self {
            api,
            toasts,
            i18n,
            refetch,
        } = self;
        let variables = Variables {
            id: cynic::Id::new(&switch.id),
        };
        let answer = if switch.enabled {
            api.done(Enable::build(variables))
        } else {
            api.done(Disable::build(variables))
        };
        spawn_local(async move {
            if let Err(error) = answer.await {
                toasts.failure(error_text(i18n, &error));
                return;
            }
            refetch.try_run(());
            let text = if switch.enabled {
                tu_string!(i18n, users.now_enabled, name = switch.name)
            } else {
                tu_string!(i18n, users.now_disabled, name = switch.name)
            };
            let back = Switch {
                enabled: !switch.enabled,
                ..switch
            };
            let undo = tu_string!(i18n, common.undo).to_owned();
            toasts.success_with_undo(text, undo, move || self.run(back.clone()));
        });
    }
}
