//! Facts, platforms, configuration, history, raw manifest.

use leptos::prelude::*;

use super::{
    Shown,
    manifest::{ImageConfig, IndexChild, Own},
};
use crate::{
    components::{CodeBlock, DigestText, Label, Size, Time, use_list_url},
    fragments::{DateTime, KeyValue},
    i18n::*,
    pages::repository::{PullCommands, kind_of_artifact},
    paths, text,
};

/// The tab *Details*.
#[component]
pub(super) fn Details(
    /// Of what.
    shown: Shown,
) -> impl IntoView {
    let i18n = use_i18n();
    let manifest = shown.manifest.clone();
    let digest = manifest.digest.0.clone();
    let platform = match &manifest.own {
        Own::Image(image) => image
            .platform
            .as_ref()
            .map(|platform| platform.label.clone()),
        _ => None,
    };
    let raw_file = format!("{}.json", digest.replace(':', "-"));
    let pretty = text::pretty_json(&manifest.raw);
    let path = shown.path.clone();
    let other_tags: Vec<_> = manifest
        .tags
        .iter()
        .filter(|tag| **tag != shown.tag)
        .cloned()
        .collect();
    let tag_links: Vec<_> = other_tags
        .into_iter()
        .map(|tag| (paths::tag(&shown.path, &tag), tag))
        .collect();
    let children = match &manifest.own {
        Own::Index(index) => index.children.clone(),
        _ => Vec::new(),
    };
    let config = match &manifest.own {
        Own::Image(image) => Some(image.config.clone()),
        _ => None,
    };
    // An image's is the type of its configuration, which says nothing.
    let artifact_type = manifest
        .artifact_type
        .clone()
        .filter(|_| !matches!(manifest.own, Own::Image(_)));
    let created = match &manifest.own {
        Own::Image(image) => image
            .config
            .as_ref()
            .and_then(|config| config.created_at.clone())
            .map(DateTime),
        _ => None,
    };
    view! {
        <div class="berth-columns">
            <section class="berth-card" aria-labelledby="facts-title">
                <h2 id="facts-title">{words!(i18n, tag.facts)}</h2>
                <dl class="berth-facts">
                    <dt>{words!(i18n, tag.name)}</dt>
                    <dd><bdi>{shown.tag.clone()}</bdi></dd>
                    <dt>{words!(i18n, tag.repository)}</dt>
                    <dd><a href=paths::repository(&shown.path)><bdi>{shown.path.clone()}</bdi></a></dd>
                    <dt>{words!(i18n, tag.digest)}</dt>
                    <dd class="berth-digest-full"><DigestText digest=digest.clone() full=true/></dd>
                    {platform
                        .map(|platform| {
                            view! {
                                <dt>{words!(i18n, tag.platform)}</dt>
                                <dd><Label>{platform}</Label></dd>
                            }
                        })}
                    <dt>{words!(i18n, tag.size)}</dt>
                    <dd><Size bytes=Some(manifest.content_bytes)/></dd>
                    {created
                        .map(|at| {
                            view! {
                                <dt>{words!(i18n, tag.created)}</dt>
                                <dd><Time at=Some(at)/></dd>
                            }
                        })}
                    <dt>{words!(i18n, tag.pushed)}</dt>
                    <dd><Time at=Some(shown.started_at)/></dd>
                    {shown
                        .expires_at
                        .map(|at| {
                            view! {
                                <dt>{words!(i18n, tags.expires)}</dt>
                                <dd><Time at=Some(at)/></dd>
                            }
                        })}
                    <dt>{words!(i18n, tag.media_type)}</dt>
                    <dd><code>{manifest.media_type}</code></dd>
                    {artifact_type
                        .map(|kind| {
                            view! {
                                <dt>{words!(i18n, tag.artifact_type)}</dt>
                                <dd title=kind.clone()>{kind_of_artifact(&kind)}</dd>
                            }
                        })}
                    {manifest
                        .subject
                        .map(|subject| {
                            view! {
                                <dt>{words!(i18n, tag.subject)}</dt>
                                <dd><DigestText digest=subject.0/></dd>
                            }
                        })}
                    {(!tag_links.is_empty())
                        .then(|| {
                            view! {
                                <dt>{words!(i18n, tag.also_tagged)}</dt>
                                <dd class="berth-chips">
                                    {tag_links
                                        .into_iter()
                                        .map(|(href, tag)| view! { <a href=href><bdi>{tag}</bdi></a> " " })
                                        .collect_view()}
                                </dd>
                            }
                        })}
                </dl>
            </section>
            <section class="berth-card" aria-labelledby="fetch-title">
                <h2 id="fetch-title">{words!(i18n, tag.fetch)}</h2>
                <PullCommands path tag=shown.tag digest/>
            </section>
        </div>
        <div class="berth-stack berth-gap-above">
            {(!children.is_empty()).then(|| view! { <Children children/> })}
            {config
                .map(|config| match config {
                    Some(config) => view! { <Configuration config/> }.into_any(),
                    None => {
                        view! { <p class="berth-muted">{words!(i18n, tag.no_configuration)}</p> }.into_any()
                    }
                })}
            {(!manifest.annotations.is_empty())
                .then(|| {
                    view! {
                        <section class="berth-card" aria-labelledby="annotations-title">
                            <h2 id="annotations-title">{words!(i18n, tag.annotations)}</h2>
                            <Pairs pairs=manifest.annotations/>
                        </section>
                    }
                })}
            <section class="berth-card" aria-labelledby="raw-title">
                <h2 id="raw-title">{words!(i18n, tag.raw)} <span class="berth-muted"><Size bytes=Some(manifest.size_bytes)/></span></h2>
                <CodeBlock
                    text=Signal::stored(pretty)
                    label=words!(i18n, tag.raw)
                    file=raw_file
                    original=manifest.raw
                />
            </section>
        </div>
    }
}

#[component]
fn Children(children: Vec<IndexChild>) -> impl IntoView {
    let (i18n, url) = (use_i18n(), use_list_url());
    view! {
        <section class="berth-card" aria-labelledby="children-title">
            <h2 id="children-title">{words!(i18n, tag.children)}</h2>
            <table class="pf-v6-c-table pf-m-grid-md pf-m-compact" aria-labelledby="children-title">
                <thead class="pf-v6-c-table__thead">
                    <tr class="pf-v6-c-table__tr">
                        <th class="pf-v6-c-table__th" scope="col">{words!(i18n, tag.platform)}</th>
                        <th class="pf-v6-c-table__th" scope="col">{words!(i18n, tag.size)}</th>
                        <th class="pf-v6-c-table__th" scope="col">{words!(i18n, tag.digest)}</th>
                    </tr>
                </thead>
                <tbody class="pf-v6-c-table__tbody">
                    {children
                        .into_iter()
                        .map(|child| {
                            let label = child.label();
                            let digest = child.digest.0.clone();
                            let target = digest.clone();
                            view! {
                                <tr class="pf-v6-c-table__tr">
                                    <td class="pf-v6-c-table__td" data-label=words!(i18n, tag.platform)>
                                        {if child.manifest.is_some() {
                                            view! {
                                                <button
                                                    type="button"
                                                    class="pf-v6-c-button pf-m-link pf-m-inline"
                                                    on:click=move |_| url.put("digest", &target)
                                                >
                                                    <span class="pf-v6-c-button__text">{label}</span>
                                                </button>
                                            }
                                                .into_any()
                                        } else {
                                            view! { <span>{label}</span> }.into_any()
                                        }}
                                    </td>
                                    <td class="pf-v6-c-table__td" data-label=words!(i18n, tag.size)>
                                        {match child.manifest {
                                            Some(manifest) => view! { <Size bytes=Some(manifest.content_bytes)/> }.into_any(),
                                            None => view! { <Label>{words!(i18n, tag.missing_child)}</Label> }.into_any(),
                                        }}
                                    </td>
                                    <td class="pf-v6-c-table__td" data-label=words!(i18n, tag.digest)>
                                        <DigestText digest/>
                                    </td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </section>
    }
}

#[component]
fn Pairs(pairs: Vec<KeyValue>) -> impl IntoView {
    view! {
        <dl class="berth-facts berth-facts-wide">
            {pairs
                .into_iter()
                .map(|pair| {
                    view! {
                        <dt><bdi>{pair.key}</bdi></dt>
                        <dd><bdi>{pair.value}</bdi></dd>
                    }
                })
                .collect_view()}
        </dl>
    }
}

#[component]
fn Configuration(config: ImageConfig) -> impl IntoView {
    let i18n = use_i18n();
    let quoted = |words: Vec<String>| {
        (!words.is_empty()).then(|| {
            words
                .iter()
                .map(|word| quote(word))
                .collect::<Vec<_>>()
                .join(" ")
        })
    };
    let line = |term: AnyView, value: Option<String>| {
        value.filter(|value| !value.is_empty()).map(|value| {
            view! {
                <dt>{term}</dt>
                <dd><code>{value}</code></dd>
            }
        })
    };
    let lines = |term: AnyView, values: Vec<String>| {
        (!values.is_empty()).then(|| {
            view! {
                <dt>{term}</dt>
                <dd>
                    <ul>{values.into_iter().map(|value| view! { <li><code>{value}</code></li> }).collect_view()}</ul>
                </dd>
            }
        })
    };
    let history = config.history;
    view! {
        <section class="berth-card" aria-labelledby="configuration-title">
            <h2 id="configuration-title">{words!(i18n, tag.configuration)}</h2>
            <dl class="berth-facts berth-facts-wide">
                {line(words!(i18n, tag.entrypoint).into_any(), quoted(config.entrypoint))}
                {line(words!(i18n, tag.command).into_any(), quoted(config.command))}
                {line(words!(i18n, tag.user).into_any(), config.user)}
                {line(words!(i18n, tag.working_directory).into_any(), config.working_directory)}
                {line(words!(i18n, tag.author).into_any(), config.author)}
                {lines(words!(i18n, tag.ports).into_any(), config.exposed_ports)}
                {lines(words!(i18n, tag.volumes).into_any(), config.volumes)}
                {lines(words!(i18n, tag.environment).into_any(), config.environment)}
            </dl>
        </section>
        {(!config.labels.is_empty())
            .then(|| {
                view! {
                    <section class="berth-card" aria-labelledby="labels-title">
                        <h2 id="labels-title">{words!(i18n, tag.labels)}</h2>
                        <Pairs pairs=config.labels/>
                    </section>
                }
            })}
        {(!history.is_empty())
            .then(|| {
                view! {
                    <section class="berth-card" aria-labelledby="history-title">
                        <h2 id="history-title">{words!(i18n, tag.history)}</h2>
                        <ol class="berth-history">
                            {history
                                .into_iter()
                                .map(|step| {
                                    view! {
                                        <li>
                                            <code>{step.created_by.or(step.comment).unwrap_or_default()}</code>
                                            <span class="berth-row berth-muted">
                                                {step.created_at.map(|at| view! { <Time at=Some(DateTime(at))/> })}
                                                {step
                                                    .empty_layer
                                                    .then(|| view! { <span>{words!(i18n, tag.history_empty_layer)}</span> })}
                                            </span>
                                        </li>
                                    }
                                })
                                .collect_view()}
                        </ol>
                    </section>
                }
            })}
    }
}

/// A word as a shell would need it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn words_are_quoted_as_a_shell_needs() {
        assert_eq!(quote("--listen=0.0.0.0:80"), "--listen=0.0.0.0:80");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
    }
}
