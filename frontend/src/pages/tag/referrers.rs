//! What else is about this manifest: signatures, SBOMs, attestations.

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use super::Shown;
use crate::{
    api::use_api,
    components::{DigestText, Empty, NotVisible, Size, SkeletonTable, Time, ask, load},
    fragments::{BigInt, DateTime, Digest},
    i18n::*,
    pages::repository::kind_of_artifact,
    schema,
};

/// More than a page of referrers is not looked through here.
const FIRST: i32 = 100;

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    namespace: String,
    name: String,
    digest: Digest,
    first: i32,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct ReferrersQuery {
    #[arguments(namespace: $namespace, name: $name)]
    repository: Option<Repository>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Repository {
    #[arguments(digest: $digest)]
    manifest: Option<Manifest>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(variables = "Variables")]
struct Manifest {
    #[arguments(first: $first)]
    referrers: ManifestConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct ManifestConnection {
    nodes: Vec<Referrer>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Manifest")]
struct Referrer {
    digest: Digest,
    media_type: String,
    artifact_type: Option<String>,
    content_bytes: BigInt,
    created_at: DateTime,
}

/// The tab *Referrers*.
#[component]
pub(super) fn Referrers(
    /// Of what.
    shown: Shown,
) -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let list = ask(move || {
        api.run(ReferrersQuery::build(Variables {
            namespace: shown.namespace.clone(),
            name: shown.name.clone(),
            digest: shown.manifest.digest.clone(),
            first: FIRST,
        }))
    });
    load(
        list,
        || view! { <SkeletonTable rows=3/> }.into_any(),
        move |data| match data.repository.and_then(|repository| repository.manifest) {
            None => view! { <NotVisible/> }.into_any(),
            Some(manifest) if manifest.referrers.nodes.is_empty() => view! {
                <Empty
                    icon=lu::LuLink
                    title=words!(i18n, tag.referrers_empty)
                    text=words!(i18n, tag.referrers_empty_text)
                />
            }
            .into_any(),
            Some(manifest) => {
                view! { <ReferrerTable referrers=manifest.referrers.nodes/> }.into_any()
            }
        },
    )
}

#[component]
fn ReferrerTable(referrers: Vec<Referrer>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <table class="pf-v6-c-table pf-m-grid-md" aria-label=words!(i18n, tag.tab_referrers)>
            <thead class="pf-v6-c-table__thead">
                <tr class="pf-v6-c-table__tr">
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, tag.referrer)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, tag.size)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, tag.pushed)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, tag.digest)}</th>
                </tr>
            </thead>
            <tbody class="pf-v6-c-table__tbody">
                {referrers
                    .into_iter()
                    .map(|referrer| {
                        let kind = referrer.artifact_type.unwrap_or(referrer.media_type);
                        view! {
                            <tr class="pf-v6-c-table__tr">
                                <td class="pf-v6-c-table__td berth-name" data-label=words!(i18n, tag.referrer)>
                                    <span title=kind.clone()>{kind_of_artifact(&kind)}</span>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, tag.size)>
                                    <Size bytes=Some(referrer.content_bytes)/>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, tag.pushed)>
                                    <Time at=Some(referrer.created_at)/>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, tag.digest)>
                                    <DigestText digest=referrer.digest.0/>
                                </td>
                            </tr>
                        }
                    })
                    .collect_view()}
            </tbody>
        </table>
    }
}
