//! What the lists of members and of collaborators share: where somebody belongs, as links.

use leptos::prelude::*;

use crate::{
    components::{Avatar, Button, ButtonKind, Cell, Label},
    fragments::Role,
    i18n::*,
    paths,
    roles::{RoleInInput, role_words},
    schema, session, text,
};

/// So many show at once.
const SHOWN: usize = 5;

/// A role in a repository.
#[derive(cynic::QueryFragment, Debug, Clone)]
pub(super) struct RoleInRepository {
    repository: Repository,
    role: Role,
}

impl RoleInRepository {
    /// The same as it is given again, and as it is taken away.
    pub(super) fn inputs(&self) -> (RoleInInput, RoleInInput) {
        let input = |role| RoleInInput {
            repository: self.repository.id.clone(),
            role,
        };
        (input(Some(self.role)), input(None))
    }
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Repository {
    id: cynic::Id,
    name: String,
    path: String,
}

/// A page's name and address, and what stands behind it.
#[derive(Clone)]
struct Chip {
    name: String,
    href: String,
    role: Option<Role>,
}

/// Picture and name.
pub(super) fn name(account: &str, avatar: session::Avatar) -> Cell {
    let (avatar_name, shown) = (account.to_owned(), account.to_owned());
    let view = view! {
        <span class="berth-entity">
            <Avatar name=avatar_name color=avatar.color/>
            <bdi class="berth-name">{shown}</bdi>
        </span>
    };
    Cell::new(view, account)
}

/// Teams by name, the first of so many.
pub(super) fn teams(i18n: I18n, organization: &str, names: Vec<String>, total: i32) -> Cell {
    let links = names.iter().map(|name| Chip {
        href: paths::team(organization, name, paths::TEAM_MEMBERS_TAB),
        name: name.clone(),
        role: None,
    });
    Cell::new(chips(i18n, links.collect(), total), names)
}

/// Repositories and the roles in them, the first of so many.
pub(super) fn repositories(i18n: I18n, roles: Vec<RoleInRepository>, total: i32) -> Cell {
    let raw: Vec<_> = roles
        .iter()
        .map(|one| format!("{}: {}", one.repository.path, one.role.key()))
        .collect();
    let links = roles.into_iter().map(|one| Chip {
        href: paths::repository(&one.repository.path),
        name: one.repository.name,
        role: Some(one.role),
    });
    Cell::new(chips(i18n, links.collect(), total), raw)
}

/// The first few, and a button for the rest of those that are known. How many more there are is said.
fn chips(i18n: I18n, links: Vec<Chip>, total: i32) -> AnyView {
    if links.is_empty() {
        return "–".into_any();
    }
    let known = links.len();
    let total = usize::try_from(total).unwrap_or_default().max(known);
    let opened = RwSignal::new(known <= SHOWN);
    let and_more = move |shown: usize| {
        let number = i64::try_from(total - shown).unwrap_or(i64::MAX);
        let number = text::count(language(i18n), number);
        t_string!(i18n, common.and_more, number = number)
    };
    let chip = move |Chip { name, href, role }: Chip| {
        let role = role.map(|role| move || format!(" · {}", role_words(i18n, role)));
        view! { <Label><a href=href><bdi>{name}</bdi></a>{role}</Label> }
    };
    view! {
        <span class="berth-chips">
            {move || {
                let shown = if opened.get() { known } else { SHOWN };
                links.iter().take(shown).cloned().map(chip).collect_view()
            }}
            <Show
                when=move || opened.get()
                fallback=move || {
                    view! {
                        <Button kind=ButtonKind::Link on_click=Callback::new(move |_| opened.set(true))>
                            {move || and_more(SHOWN)}
                        </Button>
                    }
                }
            >
                {(total > known)
                    .then(|| view! { <span class="berth-muted">{move || and_more(known)}</span> })}
            </Show>
        </span>
    }
    .into_any()
}
