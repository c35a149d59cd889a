//! Whether a repository takes pushes.

use cynic::MutationBuilder;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{Api, use_api},
    components::{Button, Toasts, error_text, use_toasts},
    i18n::*,
    schema,
};

/// Whether a repository takes pushes.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RepositoryState {
    /// It does.
    Normal,
    /// Nobody pushes.
    ReadOnly,
    /// Only the mirroring robot pushes.
    Mirror,
}

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    id: cynic::Id,
    state: RepositoryState,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct ChangeState {
    #[arguments(input: { id: $id, state: $state })]
    change_state: Changed,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "ChangeStatePayload")]
struct Changed {
    #[expect(dead_code, reason = "an object has to be asked for something")]
    repository: Id,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Repository")]
struct Id {
    #[expect(dead_code, reason = "an object has to be asked for something")]
    id: cynic::Id,
}

/// What outlives the page from which a state was changed, since its undo is offered longer.
#[derive(Clone, Copy)]
struct Changer {
    api: Api,
    toasts: Toasts,
    i18n: I18n,
    refetch: Callback<()>,
}

impl Changer {
    /// Changes the state at once and offers to undo it.
    fn change(self, id: String, path: String, to: RepositoryState) {
        let Self {
            api,
            toasts,
            i18n,
            refetch,
        } = self;
        spawn_local(async move {
            let variables = Variables {
                id: id.clone().into(),
                state: to,
            };
            if let Err(error) = api.run(ChangeState::build(variables)).await {
                toasts.failure(error_text(i18n, &error));
                return;
            }
            refetch.try_run(());
            let (text, back) = if to == RepositoryState::ReadOnly {
                (
                    tu_string!(i18n, settings.now_read_only, name = path.as_str()),
                    RepositoryState::Normal,
                )
            } else {
                (
                    tu_string!(i18n, settings.now_normal, name = path.as_str()),
                    RepositoryState::ReadOnly,
                )
            };
            toasts.success_with_undo(text, tu_string!(i18n, common.undo).to_owned(), move || {
                self.change(id.clone(), path.clone(), back);
            });
        });
    }
}

/// Says it, and changes it.
#[component]
pub(super) fn State(
    /// Global id of the repository.
    id: String,
    /// Its path.
    path: String,
    /// As it is.
    state: RepositoryState,
    /// Reads the repository again.
    refetch: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let changer = Changer {
        api: use_api(),
        toasts: use_toasts(),
        i18n,
        refetch,
    };
    let is_normal = state == RepositoryState::Normal;
    let toggle = Callback::new(move |_| {
        let to = if is_normal {
            RepositoryState::ReadOnly
        } else {
            RepositoryState::Normal
        };
        changer.change(id.clone(), path.clone(), to);
    });
    view! {
        <section class="berth-card" aria-labelledby="state-title">
            <h2 id="state-title">{words!(i18n, settings.state)}</h2>
            <div class="berth-row">
                <p>
                    {move || match state {
                        RepositoryState::Normal => t_string!(i18n, settings.state_normal),
                        RepositoryState::ReadOnly => t_string!(i18n, settings.state_read_only),
                        RepositoryState::Mirror => t_string!(i18n, settings.state_mirror),
                    }}
                </p>
                <Button on_click=toggle>
                    {move || {
                        if is_normal {
                            t_string!(i18n, settings.make_read_only)
                        } else {
                            t_string!(i18n, settings.make_normal)
                        }
                    }}
                </Button>
            </div>
        </section>
    }
}
