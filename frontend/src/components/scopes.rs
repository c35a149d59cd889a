//! Scopes of access tokens, in the viewer's language.

use berth_domain::Scope;
use icondata_lu as lu;
use leptos::prelude::*;

use super::Label;
use crate::{fragments::AccessScope, i18n::*, session::use_session};

/// In the order of the list.
const SCOPES: [Scope; 8] = [
    Scope::OrgAdmin,
    Scope::RepoAdmin,
    Scope::RepoCreate,
    Scope::RepoRead,
    Scope::RepoWrite,
    Scope::SuperUser,
    Scope::UserAdmin,
    Scope::UserRead,
];

/// Names of scopes as addresses have them, in the order of the list.
pub(crate) fn joined(chosen: &[Scope]) -> String {
    let names = SCOPES.iter().filter(|scope| chosen.contains(scope));
    names.map(Scope::as_str).collect::<Vec<_>>().join(" ")
}

/// What a scope lets an application do, as a heading.
fn scope_title(i18n: I18n, scope: Scope) -> &'static str {
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
fn scope_text(i18n: I18n, scope: Scope) -> &'static str {
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
fn title_of(i18n: I18n, scope: &AccessScope) -> String {
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
fn TrustLabel() -> impl IntoView {
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

/// Boxes for what a token may do; what superusers alone have is offered to them.
#[component]
pub(crate) fn ScopeChoices(
    /// The chosen ones.
    chosen: RwSignal<Vec<Scope>>,
) -> impl IntoView {
    let (i18n, session) = (use_i18n(), use_session());
    let viewer = session.viewer_untracked();
    let is_superuser = viewer.is_some_and(|viewer| viewer.is_superuser);
    let offered = SCOPES
        .into_iter()
        .filter(move |scope| is_superuser || *scope != Scope::SuperUser);
    view! {
        <fieldset class="berth-fieldset">
            <legend class="pf-v6-c-form__label-text">{words!(i18n, applications.scopes)}</legend>
            {offered.map(|scope| view! { <ScopeChoice chosen scope/> }).collect_view()}
        </fieldset>
    }
}

#[component]
fn ScopeChoice(chosen: RwSignal<Vec<Scope>>, scope: Scope) -> impl IntoView {
    let i18n = use_i18n();
    let id = format!("scope-{}", scope.as_str().replace(':', "-"));
    view! {
        <div class="pf-v6-c-check">
            <input
                class="pf-v6-c-check__input"
                type="checkbox"
                id=id.clone()
                aria-describedby=format!("{id}-text")
                prop:checked=move || chosen.with(|chosen| chosen.contains(&scope))
                on:change=move |event| {
                    let on = event_target_checked(&event);
                    chosen
                        .update(|chosen| {
                            chosen.retain(|one| *one != scope);
                            if on {
                                chosen.push(scope);
                            }
                        });
                }
            />
            <label class="pf-v6-c-check__label" for=id.clone()>{move || scope_title(i18n, scope)}</label>
            <span class="pf-v6-c-check__description" id=format!("{id}-text")>
                {scope.is_dangerous().then(|| view! { <TrustLabel/> " " })}
                {move || scope_text(i18n, scope)}
            </span>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_named_once_each_in_the_order_of_the_list() {
        assert_eq!(joined(&[]), "");
        assert_eq!(
            joined(&[Scope::UserRead, Scope::RepoCreate]),
            "repo:create user:read"
        );
        // None is left out of the list.
        assert_eq!(SCOPES.len(), Scope::ALL.len());
        assert!(Scope::ALL.iter().all(|scope| SCOPES.contains(scope)));
    }
}
