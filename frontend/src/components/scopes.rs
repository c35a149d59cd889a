//! Scopes of access tokens, in the viewer's language.

use berth_domain::Scope;
use icondata_lu as lu;
use leptos::prelude::*;

use super::Label;
use crate::{fragments::AccessScope, i18n::*};

/// What a scope lets an application do, as a heading.
pub(crate) fn scope_title(i18n: I18n, scope: Scope) -> &'static str {
    match scope {
        Scope::RepoRead => t_string!(i18n, scopes.repo_read),
        Scope::RepoWrite => t_string!(i18n, scopes.repo_write),
        Scope::RepoAdmin => t_string!(i18n, scopes.repo_admin),
        Scope::RepoCreate => t_string!(i18n, scopes.repo_create),
        Scope::UserRead => t_string!(i18n, scopes.user_read),
        Scope::UserAdmin => t_string!(i18n, scopes.user_admin),
        Scope::OrgAdmin => t_string!(i18n, scopes.org_admin),
        Scope::SuperUser => t_string!(i18n, scopes.super_user),
    }
}

/// The same in a sentence.
pub(crate) fn scope_text(i18n: I18n, scope: Scope) -> &'static str {
    match scope {
        Scope::RepoRead => t_string!(i18n, scopes.repo_read_text),
        Scope::RepoWrite => t_string!(i18n, scopes.repo_write_text),
        Scope::RepoAdmin => t_string!(i18n, scopes.repo_admin_text),
        Scope::RepoCreate => t_string!(i18n, scopes.repo_create_text),
        Scope::UserRead => t_string!(i18n, scopes.user_read_text),
        Scope::UserAdmin => t_string!(i18n, scopes.user_admin_text),
        Scope::OrgAdmin => t_string!(i18n, scopes.org_admin_text),
        Scope::SuperUser => t_string!(i18n, scopes.super_user_text),
    }
}

/// The title of a scope; the server's own words for one that is newer than the console.
pub(crate) fn title_of(i18n: I18n, scope: &AccessScope) -> String {
    match scope.name.parse::<Scope>() {
        Ok(known) => scope_title(i18n, known).to_owned(),
        Err(_) => scope.title.clone(),
    }
}

fn text_of(i18n: I18n, scope: &AccessScope) -> String {
    match scope.name.parse::<Scope>() {
        Ok(known) => scope_text(i18n, known).to_owned(),
        Err(_) => scope.description.clone(),
    }
}

/// That a scope asks for absolute trust.
#[component]
pub(crate) fn TrustLabel() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Label color="pf-m-red" icon=Some(lu::LuTriangleAlert)>
            {words!(i18n, scopes.dangerous)}
        </Label>
    }
}

/// Each scope in words, with a mark at those that ask for absolute trust.
#[component]
pub(crate) fn ScopeList(
    /// In order.
    scopes: Vec<AccessScope>,
) -> impl IntoView {
    let i18n = use_i18n();
    let lines = scopes.into_iter().map(|scope| {
        let dangerous = scope.is_dangerous;
        let described = scope.clone();
        view! {
            <li>
                <strong>{move || title_of(i18n, &scope)}</strong>
                {dangerous.then(|| view! { " " <TrustLabel/> })}
                <div class="berth-muted">{move || text_of(i18n, &described)}</div>
            </li>
        }
    });
    view! { <ul class="berth-scopes" role="list">{lines.collect_view()}</ul> }
}

/// The titles of scopes, short enough for a cell.
#[component]
pub(crate) fn ScopeLabels(
    /// In order.
    scopes: Vec<AccessScope>,
) -> impl IntoView {
    let i18n = use_i18n();
    let labels = scopes.into_iter().map(|scope| {
        let (color, icon) = if scope.is_dangerous {
            ("pf-m-red", Some(lu::LuTriangleAlert))
        } else {
            ("", None)
        };
        view! { <Label color icon>{move || title_of(i18n, &scope)}</Label> }
    });
    view! { <span class="berth-chips">{labels.collect_view()}</span> }
}
