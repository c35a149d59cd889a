//! The tags of a repository, live.

mod delete;
mod fetch;
mod live;

use std::collections::BTreeSet;

use cynic::QueryBuilder;
use icondata_lu as lu;
use leptos::prelude::*;

use super::{Repository, information::PushCommands};
use crate::{
    api::use_api,
    components::{
        BulkBar, Button, ButtonKind, Cell, Column, DataTable, DigestText, Empty, Label, ListTools,
        Listing, MenuItem, NotVisible, Pager, Row, SearchInput, SkeletonTable, ask, load,
        use_list_url,
    },
    fragments::{BigInt, DateTime, Digest, OrderDirection, PageInfo},
    i18n::*,
    pages::organizations::NothingFound,
    paths, schema,
};
use fetch::FetchTag;
use live::{Happened, follow_repository};

pub(crate) use delete::{DeleteTags, DoomedTags};
pub(crate) use fetch::PullCommands;

const DEFAULT_SORT: &str = "-pushed";

#[derive(cynic::Enum, Debug, Clone, Copy)]
enum TagOrderField {
    Name,
    Pushed,
}

/// Narrows a list of tags.
#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct TagFilter {
    #[cynic(skip_serializing_if = "Option::is_none")]
    search: Option<String>,
}

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    namespace: String,
    name: String,
    first: i32,
    after: Option<String>,
    filter: TagFilter,
    field: TagOrderField,
    direction: OrderDirection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query", variables = "Variables")]
struct TagsQuery {
    #[arguments(namespace: $namespace, name: $name)]
    repository: Option<TagsOf>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Repository", variables = "Variables")]
struct TagsOf {
    #[arguments(first: $first, after: $after, filter: $filter, orderBy: { field: $field, direction: $direction })]
    tags: TagConnection,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct TagConnection {
    nodes: Vec<Tag>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Tag {
    id: cynic::Id,
    name: String,
    started_at: DateTime,
    expires_at: Option<DateTime>,
    manifest: Manifest,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Manifest {
    digest: Digest,
    content_bytes: BigInt,
    artifact_type: Option<String>,
    #[cynic(spread)]
    own: Own,
}

#[derive(cynic::InlineFragments, Debug, Clone)]
#[cynic(graphql_type = "Manifest")]
enum Own {
    Image(Image),
    Index(Index),
    #[cynic(fallback)]
    Other,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "ImageManifest")]
struct Image {
    platform: Option<Platform>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "ImageIndex")]
struct Index {
    children: Vec<Child>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "IndexChild")]
struct Child {
    platform: Option<Platform>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Platform {
    os: String,
    label: String,
}

impl Manifest {
    /// What stands in the column *Platforms*: platforms, or the kind of an artifact.
    fn platforms(&self) -> Vec<String> {
        let platforms: Vec<&Platform> = match &self.own {
            Own::Image(image) => image.platform.iter().collect(),
            Own::Index(index) => index
                .children
                .iter()
                .filter_map(|child| child.platform.as_ref())
                .collect(),
            Own::Other => Vec::new(),
        };
        let mut labels: Vec<String> = Vec::new();
        // Attestations hang in an index as `unknown/unknown`; they are no platform to run on.
        for platform in platforms
            .into_iter()
            .filter(|platform| platform.os != "unknown")
        {
            if !labels.contains(&platform.label) {
                labels.push(platform.label.clone());
            }
        }
        if labels.is_empty() {
            labels.extend(self.artifact_type.as_deref().map(kind_of_artifact));
        }
        labels
    }
}

/// A short name for an artifact's type.
pub(crate) fn kind_of_artifact(media_type: &str) -> String {
    const KINDS: [(&str, &str); 8] = [
        ("helm.config", "Helm chart"),
        ("cosign.artifact.sig", "Cosign signature"),
        ("sigstore.bundle", "Sigstore bundle"),
        ("notary.signature", "Notary signature"),
        ("spdx", "SPDX SBOM"),
        ("cyclonedx", "CycloneDX SBOM"),
        ("in-toto", "in-toto attestation"),
        ("wasm", "WebAssembly"),
    ];
    KINDS
        .iter()
        .find(|(part, _)| media_type.contains(part))
        .map_or_else(|| media_type.to_owned(), |(_, kind)| (*kind).to_owned())
}

/// The tab *Tags*.
#[component]
pub(crate) fn Tags(
    /// Of which.
    repository: Repository,
    /// Reads the repository again.
    refetch: Callback<()>,
) -> impl IntoView {
    let (api, i18n, url) = (use_api(), use_i18n(), use_list_url());
    let id = repository.id.inner().to_owned();
    let (namespace, name) = (repository.namespace.name.clone(), repository.name.clone());
    let listing = Listing::new(
        "tags",
        DEFAULT_SORT,
        vec![
            Column::new("name", words!(i18n, tags.column)).sorted(),
            Column::new("platforms", words!(i18n, tags.platforms)),
            Column::new("sizeBytes", words!(i18n, tags.size)),
            Column::new("pushed", words!(i18n, tags.pushed)).sorted_down(),
            Column::new("expiresAt", words!(i18n, tags.expires)),
            Column::new("digest", words!(i18n, tags.digest)),
        ],
    );
    let selection = listing.selection();
    let filter = move || TagFilter {
        search: Some(url.search()).filter(|text| !text.is_empty()),
    };
    let list = ask(move || {
        let (column, descending) = url.sort(DEFAULT_SORT);
        let query = TagsQuery::build(Variables {
            namespace: namespace.clone(),
            name: name.clone(),
            first: url.rows(),
            after: url.after(),
            filter: filter(),
            field: if column == "name" {
                TagOrderField::Name
            } else {
                TagOrderField::Pushed
            },
            direction: OrderDirection::descending(descending),
        });
        api.run(listing.sends(query))
    });
    let fresh = RwSignal::new(BTreeSet::<String>::new());
    let said = RwSignal::new(String::new());
    follow_repository(id.clone(), move |happened| {
        match happened {
            Happened::Pushed(name) => {
                said.try_set(tu_string!(i18n, tags.arrived, name = name.clone()));
                fresh.try_update(|fresh| fresh.insert(name));
            }
            Happened::Deleted(name) => {
                said.try_set(tu_string!(i18n, tags.gone, name = name));
            }
            Happened::Gap => {}
            Happened::RepositoryDeleted => {
                refetch.try_run(());
                return;
            }
        }
        list.refetch();
    });
    let deleting = RwSignal::new(None::<DoomedTags>);
    let fetching = RwSignal::new(None::<(String, String)>);
    let may_delete = repository.viewer_can_push;
    let path = StoredValue::new(repository.path.clone());
    let id = StoredValue::new(id);
    view! {
        <div class="berth-toolbar berth-gap-below">
            <SearchInput label=words!(i18n, tags.search)/>
            <span class="berth-live berth-toolbar__end" title=words!(i18n, tags.live_hint)>
                {words!(i18n, tags.live)}
            </span>
            <ListTools listing/>
            <BulkBar selection>
                <Button
                    kind=ButtonKind::Danger
                    on_click=Callback::new(move |_| {
                        let chosen = selection.chosen();
                        deleting
                            .set(
                                Some(
                                    match chosen.filter(|| untrack(filter)) {
                                        Some(filter) => DoomedTags::Matching(filter, chosen.len()),
                                        None => DoomedTags::Named(chosen.names()),
                                    },
                                ),
                            );
                    })
                >
                    {words!(i18n, common.delete)}
                </Button>
            </BulkBar>
        </div>
        <div class="pf-v6-screen-reader" role="status">{move || said.get()}</div>
        {load(
            list,
            || view! { <SkeletonTable/> }.into_any(),
            move |data| {
                let Some(repository) = data.repository else {
                    return view! { <NotVisible/> }.into_any();
                };
                let TagConnection { nodes, page_info, total_count } = repository.tags;
                if nodes.is_empty() && !url.search_untracked().is_empty() {
                    return view! { <NothingFound/> }.into_any();
                }
                if nodes.is_empty() {
                    return view! {
                        <Empty
                            icon=lu::LuTag
                            title=words!(i18n, tags.empty)
                            text=Signal::derive(move || {
                                if may_delete {
                                    t_string!(i18n, tags.empty_text).to_owned()
                                } else {
                                    t_string!(i18n, tags.empty_reader).to_owned()
                                }
                            })
                        >
                            {may_delete.then(|| view! { <PushCommands path=path.get_value()/> })}
                        </Empty>
                    }
                        .into_any();
                }
                let shown = nodes.len();
                let path = path.get_value();
                let row = |tag| row(i18n, tag, &path, may_delete, fresh, deleting, fetching);
                view! {
                    <DataTable
                        listing
                        label=words!(i18n, repository.tab_tags)
                        rows=nodes.into_iter().map(row).collect()
                        total=total_count
                        grid="lg"
                    />
                    <Pager shown total=total_count next=page_info.next()/>
                }
                    .into_any()
            },
        )}
        {move || {
            deleting
                .get()
                .map(|doomed| {
                    view! {
                        <DeleteTags
                            repository=id.get_value()
                            doomed
                            on_close=Callback::new(move |()| deleting.set(None))
                            on_done=Callback::new(move |()| {
                                deleting.set(None);
                                selection.clear();
                                list.refetch();
                            })
                        />
                    }
                })
        }}
        {move || {
            fetching
                .get()
                .map(|(tag, digest)| {
                    view! {
                        <FetchTag
                            path=path.get_value()
                            tag
                            digest
                            on_close=Callback::new(move |()| fetching.set(None))
                        />
                    }
                })
        }}
    }
}

fn row(
    i18n: I18n,
    tag: Tag,
    path: &str,
    may_delete: bool,
    fresh: RwSignal<BTreeSet<String>>,
    deleting: RwSignal<Option<DoomedTags>>,
    fetching: RwSignal<Option<(String, String)>>,
) -> Row {
    let Tag { id, name, .. } = tag;
    let platforms = tag.manifest.platforms();
    let digest = tag.manifest.digest.0;
    let href = paths::tag(path, &name);
    let chips = {
        let chips = platforms.clone().into_iter();
        let chips = chips.map(|platform| view! { <Label>{platform}</Label> });
        view! { <span class="berth-chips">{chips.collect_view()}</span> }
    };
    let shown = name.clone();
    let cells = vec![
        Cell::name(view! { <a href=href><bdi>{shown}</bdi></a> }, &name),
        Cell::new(chips, platforms),
        Cell::size(Some(tag.manifest.content_bytes)),
        Cell::time(Some(tag.started_at)),
        Cell::time(tag.expires_at),
        Cell::new(
            view! { <DigestText digest=digest.clone()/> },
            digest.clone(),
        ),
    ];
    let menu = (name.clone(), digest);
    let items = Callback::new(move |()| {
        let (fetch, name) = (menu.clone(), menu.0.clone());
        let mut items = vec![MenuItem::action(t_string!(i18n, tags.fetch), move || {
            fetching.set(Some(fetch.clone()));
        })];
        if may_delete {
            items.push(MenuItem::Divider);
            items.push(MenuItem::danger(
                t_string!(i18n, common.delete),
                move || {
                    deleting.set(Some(DoomedTags::Named(vec![name.clone()])));
                },
            ));
        }
        items
    });
    let row_name = name.clone();
    Row {
        selectable: may_delete,
        fresh: Signal::derive(move || fresh.with(|fresh| fresh.contains(&row_name))),
        menu: Some(items),
        ..Row::new(id.inner(), &name, cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(platforms: &[(&str, &str)]) -> Manifest {
        let children = platforms
            .iter()
            .map(|(os, label)| Child {
                platform: Some(Platform {
                    os: (*os).into(),
                    label: (*label).into(),
                }),
            })
            .collect();
        Manifest {
            digest: Digest(String::new()),
            content_bytes: BigInt("0".into()),
            artifact_type: None,
            own: Own::Index(Index { children }),
        }
    }

    #[test]
    fn platforms_leave_out_attestations_and_repetitions() {
        let manifest = index(&[
            ("linux", "linux/amd64"),
            ("unknown", "unknown/unknown"),
            ("linux", "linux/amd64"),
            ("linux", "linux/arm64/v8"),
        ]);
        assert_eq!(manifest.platforms(), ["linux/amd64", "linux/arm64/v8"]);
    }

    #[test]
    fn an_artifact_shows_its_kind() {
        assert_eq!(
            kind_of_artifact("application/vnd.cncf.helm.config.v1+json"),
            "Helm chart"
        );
        assert_eq!(kind_of_artifact("application/x.own"), "application/x.own");
    }
}
