//! Settings of an organization, and of the own account.

use cynic::QueryBuilder;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    account::{Account, Profile},
    organization_email::OrganizationEmail,
    time_machine::TimeMachine,
};
use crate::{
    api::use_api,
    components::{Button, ButtonKind, Chosen, NotVisible, SkeletonLines, ask, load},
    fragments::BigInt,
    i18n::*,
    pages::organizations::{Contents, DeleteOrganizations, Doomed},
    schema,
};

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    name: String,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct SettingsQuery {
    #[arguments(name: $name)]
    namespace: Option<Namespace>,
    registry: Registry,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Registry {
    tag_expiration_options: Vec<i32>,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
enum Namespace {
    User(Profile),
    Organization(Organization),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Organization {
    id: cynic::Id,
    name: String,
    email: Option<String>,
    tag_expiration_seconds: Option<i32>,
    repository_count: i32,
    robot_count: Option<i32>,
    size_bytes: Option<BigInt>,
}

/// The tab *Settings*.
#[component]
pub(super) fn Settings(
    /// Of which organization, or the viewer's own name.
    name: String,
) -> impl IntoView {
    let api = use_api();
    let settings = ask(move || api.run(SettingsQuery::build(Variables { name: name.clone() })));
    load(
        settings,
        || view! { <SkeletonLines/> }.into_any(),
        move |data: SettingsQuery| {
            let offered = data.registry.tag_expiration_options;
            match data.namespace {
                Some(Namespace::User(profile)) => view! { <Account profile offered/> }.into_any(),
                Some(Namespace::Organization(organization)) => {
                    let name = organization.name.clone();
                    view! {
                        <div class="berth-stack">
                            <OrganizationEmail name=name.clone() email=organization.email.clone()/>
                            {organization
                                .tag_expiration_seconds
                                .map(|seconds| view! { <TimeMachine organization=Some(name) seconds offered/> })}
                            <Deletion organization/>
                        </div>
                    }
                        .into_any()
                }
                Some(Namespace::Other) | None => view! { <NotVisible/> }.into_any(),
            }
        },
    )
}

/// The end of an organization: its name is asked for first, and the list of organizations follows.
#[component]
fn Deletion(organization: Organization) -> impl IntoView {
    let i18n = use_i18n();
    let navigate = use_navigate();
    let deleting = RwSignal::new(false);
    let Organization { id, name, .. } = organization;
    let doomed = Doomed {
        chosen: Chosen::one(id.inner(), &name),
        contents: Contents::new(
            organization.repository_count,
            organization.robot_count,
            organization.size_bytes.as_ref(),
        ),
    };
    let doomed = StoredValue::new(doomed);
    let name = StoredValue::new(name);
    let gone = Callback::new(move |()| navigate("/organization", NavigateOptions::default()));
    view! {
        <section class="berth-card" aria-labelledby="delete-title">
            <h2 id="delete-title">{words!(i18n, organizations.delete)}</h2>
            <div class="berth-row">
                <p>{words!(i18n, organizations.delete_what)}</p>
                <Button kind=ButtonKind::Danger on_click=Callback::new(move |_| deleting.set(true))>
                    {words!(i18n, organizations.delete)}
                </Button>
            </div>
        </section>
        <Show when=move || deleting.get()>
            <DeleteOrganizations
                doomed=doomed.get_value()
                word=Some(name.get_value())
                on_close=Callback::new(move |()| deleting.set(false))
                on_done=gone
            />
        </Show>
    }
}
