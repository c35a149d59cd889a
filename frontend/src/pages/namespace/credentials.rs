//! A robot's token, and the commands and files that carry any token.

use cynic::{MutationBuilder, QueryBuilder};
use icondata_lu as lu;
use leptos::prelude::*;

use crate::{
    api::use_api,
    commands,
    components::{
        Button, ButtonKind, CodeBlock, CopyButton, CopyLine, FormAlert, Icon, Modal, NotVisible,
        SkeletonLines, ask, load, use_toasts,
    },
    i18n::*,
    schema,
    session::{Registry, use_session},
    work::Work,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    id: cynic::Id,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct CredentialsQuery {
    #[arguments(id: $id)]
    node: Option<Node>,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
enum Node {
    Robot(Robot),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Robot {
    credentials: Option<Login>,
}

/// What a client signs in with.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
#[cynic(graphql_type = "RobotCredentials")]
pub(super) struct Login {
    pub(super) username: String,
    pub(super) token: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
struct Regenerate {
    #[arguments(input: { id: $id })]
    regenerate_robot_token: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "RegenerateRobotTokenPayload")]
struct Payload {
    robot: Robot,
}

/// Which way of using the token is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Itself,
    Kubernetes,
    Podman,
    Docker,
    Helm,
    Oci,
}

impl Way {
    const ALL: [Self; 6] = [
        Self::Itself,
        Self::Kubernetes,
        Self::Podman,
        Self::Docker,
        Self::Helm,
        Self::Oci,
    ];

    fn words(self, i18n: I18n, itself: Signal<String>) -> String {
        match self {
            Self::Itself => return itself.get(),
            Self::Kubernetes => t_string!(i18n, robots.tab_kubernetes),
            Self::Podman => t_string!(i18n, robots.tab_podman),
            Self::Docker => t_string!(i18n, robots.tab_config),
            Self::Helm => t_string!(i18n, robots.tab_helm),
            Self::Oci => t_string!(i18n, robots.tab_oci),
        }
        .to_owned()
    }
}

/// The dialog with a robot's credentials.
#[component]
pub(crate) fn Credentials(
    /// The robot's id.
    id: String,
    /// Its whole name.
    name: String,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let variables = {
        let id = id.clone();
        move || Variables {
            id: cynic::Id::new(id.clone()),
        }
    };
    let credentials = ask(move || api.run(CredentialsQuery::build(variables())));
    let title_name = name.clone();
    let id = StoredValue::new(id);
    view! {
        <Modal
            title=Signal::derive(move || t_string!(i18n, robots.credentials_title, name = title_name.clone()))
            on_close
        >
            <div class="pf-v6-c-modal-box__body">
                {load(
                    credentials,
                    || view! { <SkeletonLines/> }.into_any(),
                    move |data| match data.node {
                        Some(Node::Robot(Robot { credentials: Some(credentials) })) => {
                            let credentials = RwSignal::new(credentials);
                            view! {
                                <Ways credentials itself=words!(i18n, robots.tab_robot)>
                                    <Token id=id.get_value() credentials/>
                                </Ways>
                            }
                                .into_any()
                        }
                        _ => view! { <NotVisible/> }.into_any(),
                    },
                )}
            </div>
        </Modal>
    }
}

/// Name and token, and what carries them, each under a tab.
#[component]
pub(super) fn Ways(
    /// Name and token.
    credentials: RwSignal<Login>,
    /// The first tab.
    itself: Signal<String>,
    /// What is under it.
    children: ChildrenFn,
) -> impl IntoView {
    let (i18n, session) = (use_i18n(), use_session());
    let way = RwSignal::new(Way::Itself);
    let with = move |make: fn(&Registry, &str, &str) -> String| {
        Signal::derive(move || {
            let registry = session.registry();
            credentials.with(|c| make(&registry, &c.username, &c.token))
        })
    };
    let secret = move || credentials.with(|c| commands::secret_name(&c.username));
    view! {
        <div class="pf-v6-c-tabs berth-modal-tabs">
            <ul class="pf-v6-c-tabs__list" role="tablist" aria-label=words!(i18n, robots.credentials_tabs)>
                {Way::ALL
                    .into_iter()
                    .map(|this| {
                        view! {
                            <li
                                class="pf-v6-c-tabs__item"
                                class:pf-m-current=move || way.get() == this
                                role="presentation"
                            >
                                <button
                                    type="button"
                                    class="pf-v6-c-tabs__link"
                                    role="tab"
                                    aria-selected=move || (way.get() == this).to_string()
                                    on:click=move |_| way.set(this)
                                >
                                    <span class="pf-v6-c-tabs__item-text">{move || this.words(i18n, itself)}</span>
                                </button>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </div>
        <div class="berth-commands berth-gap-above" role="tabpanel" aria-label=move || way.get().words(i18n, itself)>
            {move || match way.get() {
                Way::Itself => children(),
                Way::Kubernetes => {
                    view! {
                        <p>{words!(i18n, robots.kubernetes_text)}</p>
                        <CodeBlock
                            text=with(commands::kubernetes_secret)
                            label=words!(i18n, robots.tab_kubernetes)
                            file=format!("{}.yml", secret())
                        />
                        <CopyLine text=Signal::derive(move || format!("kubectl create -f {}.yml --namespace=NAMESPACE", secret()))/>
                    }
                        .into_any()
                }
                Way::Podman => view! { <CopyLine text=with(commands::podman_login)/> }.into_any(),
                Way::Helm => view! { <CopyLine text=with(commands::helm_login)/> }.into_any(),
                Way::Oci => {
                    view! {
                        <p>{words!(i18n, robots.oci_text)}</p>
                        <CopyLine
                            label=Signal::stored(Some("ORAS".to_owned()))
                            text=with(commands::oras_login)
                        />
                        <CopyLine
                            label=Signal::stored(Some("skopeo".to_owned()))
                            text=with(commands::skopeo_login)
                        />
                        <CopyLine
                            label=Signal::stored(Some("crane".to_owned()))
                            text=with(commands::crane_login)
                        />
                        <p>{words!(i18n, robots.oci_file_text)}</p>
                        <CodeBlock
                            text=with(commands::docker_config)
                            label=words!(i18n, robots.tab_oci)
                            file="auth.json"
                        />
                    }
                        .into_any()
                }
                Way::Docker => {
                    view! {
                        <CopyLine text=with(commands::docker_login)/>
                        <p>{words!(i18n, robots.config_text)}</p>
                        <CodeBlock
                            text=with(commands::docker_config)
                            label=words!(i18n, robots.tab_config)
                            file="config.json"
                        />
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

/// Name and token, the token hidden until it is asked for.
#[component]
fn Token(id: String, credentials: RwSignal<Login>) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let shown = RwSignal::new(false);
    let asking = RwSignal::new(false);
    let work = Work::new();
    let regenerate = Callback::new(move |_| {
        let operation = Regenerate::build(Variables {
            id: cynic::Id::new(id.clone()),
        });
        work.start(api.run(operation), move |data| {
            if let Some(new) = data.regenerate_robot_token.robot.credentials {
                toasts.success(tu_string!(
                    i18n,
                    robots.regenerated,
                    name = new.username.clone()
                ));
                credentials.try_set(new);
            }
            asking.try_set(false);
        });
    });
    let token = Signal::derive(move || credentials.with(|c| c.token.clone()));
    view! {
        <CopyLine
            label=words!(i18n, robots.username)
            text=Signal::derive(move || credentials.with(|c| c.username.clone()))
        />
        <div class="berth-command">
            <div class="berth-command__label">{words!(i18n, robots.token)}</div>
            <div class="berth-command__box">
                <code class="berth-command__text">
                    {move || if shown.get() { token.get() } else { "•".repeat(32) }}
                </code>
                <button
                    type="button"
                    class="pf-v6-c-button pf-m-plain pf-m-small"
                    aria-label=move || {
                        if shown.get() { t_string!(i18n, robots.hide_token) } else { t_string!(i18n, robots.show_token) }
                    }
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    <span class="pf-v6-c-button__icon">
                        {move || {
                            if shown.get() {
                                view! { <Icon icon=lu::LuEyeOff/> }
                            } else {
                                view! { <Icon icon=lu::LuEye/> }
                            }
                        }}
                    </span>
                </button>
                <CopyButton text=token/>
            </div>
        </div>
        <FormAlert error=work.error/>
        {move || {
            if asking.get() {
                view! {
                    <div class="pf-v6-c-alert pf-m-warning pf-m-inline">
                        <div class="pf-v6-c-alert__icon">
                            <Icon icon=lu::LuTriangleAlert/>
                        </div>
                        <p class="pf-v6-c-alert__title">{words!(i18n, robots.regenerate_ask)}</p>
                        <div class="pf-v6-c-alert__action-group">
                            <Button kind=ButtonKind::Danger busy=work.busy on_click=regenerate>
                                {words!(i18n, robots.regenerate_confirm)}
                            </Button>
                            <Button kind=ButtonKind::Link on_click=Callback::new(move |_| asking.set(false))>
                                {words!(i18n, common.cancel)}
                            </Button>
                        </div>
                    </div>
                }
                    .into_any()
            } else {
                view! {
                    <div>
                        <Button on_click=Callback::new(move |_| asking.set(true))>{words!(i18n, robots.regenerate)}</Button>
                    </div>
                }
                    .into_any()
            }
        }}
    }
}
