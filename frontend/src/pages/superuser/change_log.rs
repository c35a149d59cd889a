//! What changed in the versions of this product.

use cynic::QueryBuilder;
use leptos::prelude::*;

use super::for_administration;
use crate::{
    api::use_api,
    components::{Crumb, Crumbs, Heading, Markdown, SkeletonLines, ask, load},
    i18n::*,
    schema,
};

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query")]
struct ChangeLogQuery {
    administration: Option<Administration>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Administration {
    change_log_html: String,
}

/// `/superuser/change-log`.
#[component]
pub(crate) fn ChangeLog() -> impl IntoView {
    for_administration(|| view! { <ChangeLogPage/> }.into_any())
}

#[component]
fn ChangeLogPage() -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let found = ask(move || api.run(ChangeLogQuery::build(())));
    let crumbs = Signal::derive(move || {
        vec![
            Crumb::link(t_string!(i18n, registry.title), "/superuser/registry"),
            Crumb::here(t_string!(i18n, registry.change_log)),
        ]
    });
    view! {
        <Crumbs crumbs/>
        <section class="pf-v6-c-page__main-section">
            <div class="berth-page-head">
                <Heading title=words!(i18n, registry.change_log)/>
            </div>
            {load(
                found,
                || view! { <SkeletonLines/> }.into_any(),
                move |data| match data.administration {
                    Some(administration) => {
                        let html = administration.change_log_html;
                        // It is written in English.
                        view! { <div class="berth-card" lang="en"><Markdown html/></div> }.into_any()
                    }
                    // Whoever lost the right meanwhile.
                    None => view! { <p>{words!(i18n, errors.forbidden)}</p> }.into_any(),
                },
            )}
        </section>
    }
}
