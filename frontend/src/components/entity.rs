//! Users, robots, teams: what kind of thing a name is.

use icondata_core::Icon as Data;
use icondata_lu as lu;
use leptos::prelude::*;

use super::{Icon, Label};
use crate::{
    fragments::{self, AccountKind},
    i18n::*,
};

/// What kind of thing a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntityKind {
    User,
    Robot,
    Team,
    Organization,
}

impl From<AccountKind> for EntityKind {
    fn from(kind: AccountKind) -> Self {
        match kind {
            AccountKind::User => Self::User,
            AccountKind::Robot => Self::Robot,
            AccountKind::Organization => Self::Organization,
        }
    }
}

impl From<EntityKind> for fragments::EntityKind {
    fn from(kind: EntityKind) -> Self {
        match kind {
            EntityKind::User => Self::User,
            EntityKind::Robot => Self::Robot,
            EntityKind::Team => Self::Team,
            EntityKind::Organization => Self::Organization,
        }
    }
}

impl From<fragments::EntityKind> for EntityKind {
    fn from(kind: fragments::EntityKind) -> Self {
        match kind {
            fragments::EntityKind::User => Self::User,
            fragments::EntityKind::Robot => Self::Robot,
            fragments::EntityKind::Team => Self::Team,
            fragments::EntityKind::Organization => Self::Organization,
        }
    }
}

impl EntityKind {
    /// A picture of it.
    pub(crate) fn icon(self) -> Data {
        match self {
            Self::User => lu::LuUser,
            Self::Robot => lu::LuBot,
            Self::Team => lu::LuUsers,
            Self::Organization => lu::LuBuilding2,
        }
    }

    /// Its name.
    pub(crate) fn words(self, i18n: I18n) -> &'static str {
        match self {
            Self::User => t_string!(i18n, settings.kind_user),
            Self::Robot => t_string!(i18n, settings.kind_robot),
            Self::Team => t_string!(i18n, settings.kind_team),
            Self::Organization => t_string!(i18n, settings.kind_organization),
        }
    }

    /// The kind of that key.
    pub(crate) fn of_key(key: &str) -> Option<Self> {
        let mut all = [Self::User, Self::Robot, Self::Team, Self::Organization].into_iter();
        all.find(|kind| kind.key() == key)
    }

    /// What copies and addresses call it.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Robot => "robot",
            Self::Team => "team",
            Self::Organization => "organization",
        }
    }
}

/// A user, a robot or a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entity {
    /// What it is.
    pub(crate) kind: EntityKind,
    /// Its name: `namespace+name` of a robot.
    pub(crate) name: String,
}

impl Entity {
    /// A user, a robot or a team of that name.
    pub(crate) fn new(kind: EntityKind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
        }
    }
}

/// A chip that says what something is.
#[component]
pub(crate) fn KindLabel(
    /// What it is.
    kind: EntityKind,
) -> impl IntoView {
    let i18n = use_i18n();
    view! { <Label icon=Some(kind.icon())>{move || kind.words(i18n)}</Label> }
}

/// A name with a picture of what it is; readers hear the word.
#[component]
pub(crate) fn EntityName(
    /// Whose.
    entity: Entity,
) -> impl IntoView {
    let i18n = use_i18n();
    let Entity { kind, name } = entity;
    view! {
        <span class="berth-entity">
            <Icon icon=kind.icon()/>
            <bdi class="berth-name">{name}</bdi>
            <span class="pf-v6-screen-reader">{move || format!(" ({})", kind.words(i18n))}</span>
        </span>
    }
}
