//! Who is signed in, and what everybody may know of the registry.

use cynic::QueryBuilder;
use leptos::prelude::*;

use crate::{
    api::{Api, ApiError},
    fragments::Message,
    schema,
};

/// The first question of the console.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query")]
struct Start {
    viewer: Option<Viewer>,
    registry: Registry,
}

/// What is asked again while a page is open.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query")]
struct Again {
    registry: Registry,
}

/// The signed-in user.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Viewer {
    pub(crate) user: Account,
    pub(crate) creatable_namespaces: Vec<String>,
    pub(crate) can_create_organization: bool,
    pub(crate) is_superuser: bool,
    can_list_app_tokens: bool,
}

impl Viewer {
    /// Whether it sees the users of the registry.
    fn sees_administration(&self) -> bool {
        self.is_superuser || self.user.is_read_only_superuser == Some(true)
    }
}

/// Name and picture of a user.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
#[cynic(graphql_type = "User")]
pub(crate) struct Account {
    pub(crate) id: cynic::Id,
    pub(crate) name: String,
    pub(crate) avatar: Avatar,
    pub(crate) is_read_only_superuser: Option<bool>,
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
    pub(crate) sign_up: bool,
    pub(crate) sign_up_by_invitation: bool,
    pub(crate) keeps_accounts: bool,
    pub(crate) app_tokens: bool,
    pub(crate) user_names: bool,
    pub(crate) user_rename: bool,
    pub(crate) notes_last_use: bool,
    /// As they come; kept by [`Session::messages`].
    pub(crate) messages: Vec<Message>,
}

impl Registry {
    /// What podman and docker call it.
    pub(crate) fn host(&self) -> &str {
        &self.hostname
    }

    /// Whether somebody who has no account makes one, with the link of an invitation or without.
    pub(crate) fn offers_account(&self, is_invited: bool) -> bool {
        self.sign_up || (is_invited && self.sign_up_by_invitation)
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
    /// Apart from the registry: a new message changes no page.
    messages: RwSignal<Vec<Message>>,
}

impl Session {
    /// To be made once, at the root.
    pub(crate) fn new(api: Api) -> Self {
        Self {
            api,
            viewer: RwSignal::new(None),
            registry: RwSignal::new(None),
            messages: RwSignal::new(Vec::new()),
        }
    }

    /// Asks the server anew.
    pub(crate) async fn refresh(self) -> Result<(), ApiError> {
        let start = self.api.run_once(Start::build(())).await?;
        self.set_registry(start.registry);
        self.set_viewer(start.viewer);
        Ok(())
    }

    /// Asks anew what everybody may know. Whoever is signed in stays so: a session that ended shows at the next action,
    /// which then asks for the password and loses nothing.
    pub(crate) async fn refresh_registry(self) -> Result<(), ApiError> {
        let again = self.api.run_once(Again::build(())).await?;
        self.set_registry(again.registry);
        Ok(())
    }

    fn set_registry(self, mut registry: Registry) {
        let messages = std::mem::take(&mut registry.messages);
        if self.messages.with_untracked(|old| *old != messages) {
            self.messages.set(messages);
        }
        let registry = Some(registry);
        if self.registry.with_untracked(|old| *old != registry) {
            self.registry.set(registry);
        }
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
            sign_up: false,
            sign_up_by_invitation: false,
            keeps_accounts: true,
            app_tokens: false,
            user_names: false,
            user_rename: false,
            notes_last_use: false,
            messages: Vec::new(),
        })
    }

    /// What superusers tell everybody.
    pub(crate) fn messages(self) -> Vec<Message> {
        self.messages.get()
    }

    /// Whether the viewer sees the users of the registry.
    pub(crate) fn sees_administration(self) -> bool {
        self.viewer
            .with(|viewer| viewer.as_ref().is_some_and(Viewer::sees_administration))
    }

    /// Whether the viewer sees everything and changes nothing, for code that runs once.
    pub(crate) fn sees_everything_untracked(self) -> bool {
        let viewer = self.viewer_untracked();
        viewer.is_some_and(|viewer| viewer.user.is_read_only_superuser == Some(true))
    }

    /// Whether the viewer sees the application tokens of all users.
    pub(crate) fn lists_app_tokens(self) -> bool {
        self.viewer.with(|viewer| {
            viewer
                .as_ref()
                .is_some_and(|viewer| viewer.can_list_app_tokens)
        })
    }

    /// Whether the viewer changes users and messages, now.
    pub(crate) fn administers(self) -> bool {
        let is_superuser = self
            .viewer
            .with(|viewer| viewer.as_ref().is_some_and(|viewer| viewer.is_superuser));
        is_superuser && !self.registry().read_only
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
