//! Who is signed in, and what everybody may know of the registry.

use cynic::QueryBuilder;
use leptos::prelude::*;

use crate::{
    api::{Api, ApiError},
    schema,
};

/// The first question of the console.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query")]
struct Start {
    viewer: Option<Viewer>,
    registry: Registry,
}

/// The signed-in user.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Viewer {
    pub(crate) user: Account,
    pub(crate) creatable_namespaces: Vec<String>,
    pub(crate) is_superuser: bool,
}

/// Name and picture of a user.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
#[cynic(graphql_type = "User")]
pub(crate) struct Account {
    pub(crate) id: cynic::Id,
    pub(crate) name: String,
    pub(crate) avatar: Avatar,
}

/// The colour of an account's picture.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Avatar {
    pub(crate) color: String,
}

/// The registry.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the schema's own switches")]
pub(crate) struct Registry {
    pub(crate) title: String,
    pub(crate) version: String,
    pub(crate) hostname: String,
    pub(crate) scheme: String,
    pub(crate) needs_setup: bool,
    pub(crate) setup_needs_code: bool,
    pub(crate) read_only: bool,
    pub(crate) direct_login: bool,
    pub(crate) sends_mail: bool,
}

impl Registry {
    /// What podman and docker call it.
    pub(crate) fn host(&self) -> &str {
        &self.hostname
    }

    /// True where clients must be told to speak plain HTTP.
    pub(crate) fn is_plain_http(&self) -> bool {
        self.scheme == "http"
    }
}

/// The state that the whole console shares.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    api: Api,
    viewer: RwSignal<Option<Viewer>>,
    registry: RwSignal<Option<Registry>>,
}

impl Session {
    /// To be made once, at the root.
    pub(crate) fn new(api: Api) -> Self {
        Self {
            api,
            viewer: RwSignal::new(None),
            registry: RwSignal::new(None),
        }
    }

    /// Asks the server anew.
    pub(crate) async fn refresh(self) -> Result<(), ApiError> {
        let start = self.api.run_once(Start::build(())).await?;
        self.registry.set(Some(start.registry));
        self.set_viewer(start.viewer);
        Ok(())
    }

    /// Notes who is signed in now.
    pub(crate) fn set_viewer(self, viewer: Option<Viewer>) {
        self.api.set_signed_in(viewer.is_some());
        if self.viewer.with_untracked(|old| *old != viewer) {
            self.viewer.set(viewer);
        }
    }

    /// The signed-in user.
    pub(crate) fn viewer(self) -> Option<Viewer> {
        self.viewer.get()
    }

    /// The signed-in user's name.
    pub(crate) fn user_name(self) -> Option<String> {
        self.viewer
            .with(|viewer| viewer.as_ref().map(|viewer| viewer.user.name.clone()))
    }

    /// The signed-in user, for code that runs once.
    pub(crate) fn viewer_untracked(self) -> Option<Viewer> {
        self.viewer.get_untracked()
    }

    /// The signed-in user's name, for code that runs once.
    pub(crate) fn user_name_untracked(self) -> Option<String> {
        self.viewer_untracked().map(|viewer| viewer.user.name)
    }

    /// The registry; known wherever a page is shown.
    pub(crate) fn registry(self) -> Registry {
        self.registry.get().unwrap_or(Registry {
            title: "Berth".into(),
            version: String::new(),
            hostname: String::new(),
            scheme: "https".into(),
            needs_setup: false,
            setup_needs_code: false,
            read_only: false,
            direct_login: true,
            sends_mail: false,
        })
    }

    /// True once the server answered.
    pub(crate) fn is_known(self) -> bool {
        self.registry.with(Option::is_some)
    }
}

/// The session provided at the root.
pub(crate) fn use_session() -> Session {
    expect_context()
}
