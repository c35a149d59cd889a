//! The registry itself: what it stands on, how much it holds, what it does by itself, what is switched on, and its
//! configuration.

mod configuration;
mod jobs;
mod stored;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use super::for_administration;
use crate::{
    api::use_api,
    components::{Heading, Label, SkeletonLines, ask, load},
    fragments::{BigInt, Json},
    i18n::*,
    paths, schema, text,
};
use configuration::Configuration;
use jobs::Jobs;
use stored::Stored;

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query")]
struct RegistryQuery {
    registry: Facts,
    administration: Option<Administration>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Registry")]
#[expect(clippy::struct_excessive_bools, reason = "the schema's own switches")]
struct Facts {
    version: String,
    hostname: String,
    scheme: String,
    read_only: bool,
    direct_login: bool,
    sign_up: bool,
    sends_mail: bool,
    app_tokens: bool,
    user_names: bool,
    user_rename: bool,
    notes_last_use: bool,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Administration {
    status: RegistryStatus,
    configuration: Option<Json>,
    #[arguments(first: 1)]
    users: UserConnection,
    #[arguments(first: 1)]
    organizations: OrganizationConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct RegistryStatus {
    database: String,
    database_answers: bool,
    storage: String,
    storage_answers: bool,
    storage_free_bytes: Option<BigInt>,
    storage_total_bytes: Option<BigInt>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct UserConnection {
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct OrganizationConnection {
    total_count: Option<i32>,
}

/// `/superuser/registry`.
#[component]
pub(crate) fn Registry() -> impl IntoView {
    for_administration(|| view! { <RegistryPage/> }.into_any())
}

#[component]
fn RegistryPage() -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let found = ask(move || api.run(RegistryQuery::build(())));
    view! {
        <section class="pf-v6-c-page__main-section">
            <div class="berth-page-head">
                <Heading title=words!(i18n, registry.title)/>
            </div>
            {load(
                found,
                || view! { <SkeletonLines/> }.into_any(),
                move |data| {
                    // Whoever lost the right meanwhile.
                    let Some(administration) = data.administration else {
                        return view! { <p>{words!(i18n, errors.forbidden)}</p> }.into_any();
                    };
                    let values = administration.configuration.clone();
                    view! {
                        <div class="berth-stack">
                            <div class="berth-columns">
                                <State facts=data.registry.clone() administration/>
                                <Features facts=data.registry/>
                            </div>
                            <Jobs/>
                            <Configuration values/>
                        </div>
                    }
                        .into_any()
                },
            )}
        </section>
    }
}

/// What runs, on what, and how much there is.
#[component]
fn State(facts: Facts, administration: Administration) -> impl IntoView {
    let i18n = use_i18n();
    let Administration {
        status,
        users,
        organizations,
        ..
    } = administration;
    let read_only = facts.read_only;
    let space = space(
        status.storage_free_bytes.as_ref(),
        status.storage_total_bytes.as_ref(),
    );
    let storage = status.storage;
    view! {
        <section class="berth-card" aria-labelledby="state-title">
            <h2 id="state-title">{words!(i18n, registry.state)}</h2>
            <dl class="berth-facts">
                <dt>{words!(i18n, registry.version)}</dt>
                <dd>
                    {facts.version} " "
                    <a href=paths::CHANGE_LOG>{words!(i18n, registry.change_log)}</a>
                </dd>
                <dt>{words!(i18n, registry.address)}</dt>
                <dd>{format!("{}://{}", facts.scheme, facts.hostname)}</dd>
                <dt>{words!(i18n, registry.mode)}</dt>
                <dd>
                    {if read_only {
                        view! {
                            <Label color="pf-m-orange" icon=Some(lu::LuLock)>
                                {words!(i18n, registry.read_only)}
                            </Label>
                        }
                            .into_any()
                    } else {
                        view! { <span>{words!(i18n, registry.read_write)}</span> }.into_any()
                    }}
                </dd>
                <dt>{words!(i18n, registry.database)}</dt>
                <dd>
                    {database(&status.database)} " " <Answers answers=status.database_answers/>
                </dd>
                <dt>{words!(i18n, registry.storage)}</dt>
                <dd>
                    {move || storage_words(i18n, &storage)} " " <Answers answers=status.storage_answers/>
                </dd>
                {space
                    .map(|(free, total)| {
                        view! {
                            <dt>{words!(i18n, registry.free)}</dt>
                            <dd>{move || t_string!(i18n, registry.free_of, free = free, total = total)}</dd>
                        }
                    })}
                <dt>{words!(i18n, registry.stored)}</dt>
                <dd><Stored/></dd>
                <dt><a href="/superuser/users">{words!(i18n, nav.users)}</a></dt>
                <dd><Count count=users.total_count/></dd>
                <dt><a href="/organization">{words!(i18n, nav.organizations)}</a></dt>
                <dd><Count count=organizations.total_count/></dd>
            </dl>
        </section>
    }
}

#[component]
fn Count(count: Option<i32>) -> impl IntoView {
    let i18n = use_i18n();
    move || match count {
        Some(count) => text::count(language(i18n), i64::from(count)),
        None => "–".to_owned(),
    }
}

#[component]
fn Answers(answers: bool) -> impl IntoView {
    let i18n = use_i18n();
    if answers {
        view! {
            <Label color="pf-m-green" icon=Some(lu::LuCircleCheck)>
                {words!(i18n, registry.answers)}
            </Label>
        }
        .into_any()
    } else {
        view! {
            <Label color="pf-m-red" icon=Some(lu::LuCircleAlert)>
                {words!(i18n, registry.silent)}
            </Label>
        }
        .into_any()
    }
}

/// What the console follows of the switches.
#[component]
fn Features(facts: Facts) -> impl IntoView {
    let i18n = use_i18n();
    let features = [
        (words!(i18n, registry.last_use), facts.notes_last_use),
        (words!(i18n, registry.direct_login), facts.direct_login),
        (words!(i18n, registry.sign_up), facts.sign_up),
        (words!(i18n, registry.sends_mail), facts.sends_mail),
        (words!(i18n, account.tokens), facts.app_tokens),
        (words!(i18n, registry.user_names), facts.user_names),
        (words!(i18n, registry.user_rename), facts.user_rename),
    ];
    let lines = features.map(|(name, is_on)| {
        let label = if is_on {
            view! {
                <Label color="pf-m-green" icon=Some(lu::LuCheck)>{words!(i18n, registry.on)}</Label>
            }
            .into_any()
        } else {
            view! { <Label icon=Some(lu::LuX)>{words!(i18n, registry.off)}</Label> }.into_any()
        };
        view! {
            <dt>{move || name.get()}</dt>
            <dd>{label}</dd>
        }
    });
    view! {
        <section class="berth-card" aria-labelledby="features-title">
            <h2 id="features-title">{words!(i18n, registry.features)}</h2>
            <dl class="berth-facts berth-facts-wide">{lines.into_iter().collect_view()}</dl>
        </section>
    }
}

/// A database by the name that people know.
fn database(kind: &str) -> String {
    match kind {
        "postgresql" => "PostgreSQL",
        "sqlite" => "SQLite",
        other => other,
    }
    .to_owned()
}

fn storage_words(i18n: I18n, kind: &str) -> String {
    match kind {
        "filesystem" => t_string!(i18n, registry.filesystem),
        "memory" => t_string!(i18n, registry.memory),
        "s3" => "S3",
        other => other,
    }
    .to_owned()
}

/// The room that is left, and of how much, where both are known.
fn space(free: Option<&BigInt>, total: Option<&BigInt>) -> Option<(String, String)> {
    let size = |bytes: &BigInt| bytes.0.parse().ok().map(text::size);
    Some((size(free?)?, size(total?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_told_only_where_it_is_known() {
        let bytes = |text: &str| Some(BigInt(text.into()));
        let told =
            |free: Option<BigInt>, total: Option<BigInt>| space(free.as_ref(), total.as_ref());
        assert_eq!(
            told(bytes("1048576"), bytes("3221225472")),
            Some(("1.0 MiB".into(), "3.0 GiB".into()))
        );
        assert_eq!(told(None, bytes("1")), None);
        assert_eq!(told(bytes("1"), None), None);
    }

    #[test]
    fn a_database_is_called_by_the_name_that_people_know() {
        assert_eq!(database("postgresql"), "PostgreSQL");
        assert_eq!(database("newer"), "newer");
    }
}
