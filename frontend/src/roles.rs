//! Roles in repositories and teams: their words, and changes that can be undone.

use cynic::MutationBuilder;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{Answer, Api, ApiError, use_api},
    bulk_changes::{self, BulkChange, BulkChanges, use_bulk_changes},
    components::{Toasts, error_text, use_toasts},
    fragments::{RepositoryFilter, Role, TeamRole},
    i18n::*,
    schema,
};

/// Values and words of a drop-down.
pub(crate) type Options = Vec<(String, String)>;

/// The words for a role in a repository.
pub(crate) fn role_words(i18n: I18n, role: Role) -> &'static str {
    match role {
        Role::Read => t_string!(i18n, settings.read),
        Role::Write => t_string!(i18n, settings.write),
        Role::Admin => t_string!(i18n, settings.admin),
    }
}

/// The roles, by their keys.
pub(crate) fn role_options(i18n: I18n) -> Options {
    let options = Role::ALL.into_iter();
    options
        .map(|role| (role.key().to_owned(), role_words(i18n, role).to_owned()))
        .collect()
}

/// The same with no role first, whose key is empty.
pub(crate) fn role_or_none_options(i18n: I18n) -> Options {
    let none = t_string!(i18n, repository.role_none).to_owned();
    let mut options = vec![(String::new(), none)];
    options.extend(role_options(i18n));
    options
}

/// The key of a role, or of none.
pub(crate) fn role_key(role: Option<Role>) -> String {
    role.map_or("", Role::key).to_owned()
}

/// The words for what members of a team may do in their organization.
pub(crate) fn team_role_words(i18n: I18n, role: TeamRole) -> &'static str {
    match role {
        TeamRole::Admin => t_string!(i18n, teams.role_admin),
        TeamRole::Member => t_string!(i18n, teams.role_member),
        TeamRole::Creator => t_string!(i18n, teams.role_creator),
    }
}

/// The roles of teams, by their keys.
pub(crate) fn team_role_options(i18n: I18n) -> Options {
    let options = TeamRole::ALL.into_iter();
    options
        .map(|role| {
            (
                role.key().to_owned(),
                team_role_words(i18n, role).to_owned(),
            )
        })
        .collect()
}

/// Who has a role in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Grantee {
    /// A user or a robot, by name.
    Account(String),
    /// A team of the repository's organization, by name.
    Team(String),
}

impl Grantee {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Account(name) | Self::Team(name) => name,
        }
    }
}

#[derive(cynic::InputObject, Debug, Clone)]
struct PermissionInput {
    account: String,
    role: Option<Role>,
}

#[derive(cynic::InputObject, Debug, Clone)]
struct TeamPermissionInput {
    team: String,
    role: Option<Role>,
}

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    repository: cynic::Id,
    permissions: Vec<PermissionInput>,
    team_permissions: Option<Vec<TeamPermissionInput>>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct SetPermissions {
    #[arguments(input: {
        repository: $repository,
        permissions: $permissions,
        teamPermissions: $team_permissions
    })]
    set_permissions: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "SetPermissionsPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    repository: Changed,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Repository")]
#[expect(dead_code, reason = "only the success matters")]
struct Changed {
    id: cynic::Id,
}

/// A role in a repository, by its global id.
#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct RoleInInput {
    pub(crate) repository: cynic::Id,
    pub(crate) role: Option<Role>,
}

/// A role in all repositories that match.
#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct RoleMatchingInput {
    pub(crate) filter: RepositoryFilter,
    pub(crate) role: Option<Role>,
}

#[derive(cynic::QueryVariables, Debug)]
struct SubjectVariables {
    account: Option<String>,
    team: Option<String>,
    roles: Vec<RoleInInput>,
    matching: Option<RoleMatchingInput>,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "SubjectVariables")]
struct SetSubjectPermissions {
    #[arguments(input: { account: $account, team: $team, roles: $roles, matching: $matching })]
    set_subject_permissions: SubjectPayload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "SetSubjectPermissionsPayload")]
struct SubjectPayload {
    bulk_change: Option<BulkChange>,
}

/// In which repositories of one namespace somebody gets a role, or loses it.
#[derive(Debug, Clone)]
pub(crate) enum RolesIn {
    /// In these, each with its role.
    Each(Vec<RoleInInput>),
    /// In all that match, the same role.
    Matching(RoleMatchingInput),
}

/// Gives roles in many repositories. It outlives the page from which they are given.
#[derive(Clone, Copy)]
pub(crate) struct RoleGiver {
    api: Api,
    bulk: BulkChanges,
    toasts: Toasts,
    i18n: I18n,
    tells: bool,
}

impl RoleGiver {
    /// One that says nothing where roles were given.
    pub(crate) fn new() -> Self {
        Self {
            api: use_api(),
            bulk: use_bulk_changes(),
            toasts: use_toasts(),
            i18n: use_i18n(),
            tells: false,
        }
    }

    /// One that says so.
    pub(crate) fn telling() -> Self {
        Self {
            tells: true,
            ..Self::new()
        }
    }

    /// Gives somebody roles, or takes them away: all of it or nothing. What goes on behind the request is told above the
    /// pages.
    pub(crate) fn give(self, grantee: Grantee, roles: RolesIn) -> Answer<()> {
        let Self {
            api,
            bulk,
            toasts,
            i18n,
            tells,
        } = self;
        let (account, team) = match grantee {
            Grantee::Account(account) => (Some(account), None),
            Grantee::Team(team) => (None, Some(team)),
        };
        let (roles, matching) = match roles {
            RolesIn::Each(roles) => (roles, None),
            RolesIn::Matching(matching) => (Vec::new(), Some(matching)),
        };
        let answer = api.run(SetSubjectPermissions::build(SubjectVariables {
            account,
            team,
            roles,
            matching,
        }));
        Box::pin(async move {
            let answer: SetSubjectPermissions = answer.await.map_err(bulk_changes::refusal)?;
            if let Some(begun) = answer.set_subject_permissions.bulk_change {
                bulk.follow(begun);
            } else if tells {
                toasts.success(tu_string!(i18n, roles.saved));
            }
            Ok(())
        })
    }
}

/// Gives a role in a repository, by its id, or takes it away.
fn set_role(api: Api, repository: &str, grantee: Grantee, role: Option<Role>) -> Answer<()> {
    let (permissions, team_permissions) = match grantee {
        Grantee::Account(account) => (vec![PermissionInput { account, role }], None),
        Grantee::Team(team) => (Vec::new(), Some(vec![TeamPermissionInput { team, role }])),
    };
    api.done(SetPermissions::build(Variables {
        repository: cynic::Id::new(repository),
        permissions,
        team_permissions,
    }))
}

/// Another role of somebody in one repository.
#[derive(Debug, Clone)]
pub(crate) struct RoleChange {
    /// Id and path of the repository.
    pub(crate) repository: (String, String),
    /// Whose role.
    pub(crate) grantee: Grantee,
    /// The role so far.
    pub(crate) before: Option<Role>,
    /// The role from now on.
    pub(crate) now: Option<Role>,
}

impl RoleChange {
    fn undone(self) -> Self {
        Self {
            before: self.now,
            now: self.before,
            ..self
        }
    }
}

/// What a list of roles is about, and so what a message need not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RolesOf {
    /// Those of a repository.
    Repository,
    /// Those of a team or an account.
    Grantee,
}

/// Changes roles at once and offers to undo it. It outlives the page from which a role was changed, since its undo is
/// offered longer.
#[derive(Clone)]
pub(crate) struct RoleChanger {
    api: Api,
    toasts: Toasts,
    i18n: I18n,
    of: RolesOf,
    refetch: Callback<()>,
}

impl RoleChanger {
    /// For one list, which `refetch` reads again.
    pub(crate) fn new(of: RolesOf, refetch: Callback<()>) -> Self {
        Self {
            api: use_api(),
            toasts: use_toasts(),
            i18n: use_i18n(),
            of,
            refetch,
        }
    }

    /// Changes a role, and says so.
    pub(crate) async fn make(self, change: RoleChange) -> Result<(), ApiError> {
        let RoleChange {
            repository,
            grantee,
            now,
            ..
        } = change.clone();
        set_role(self.api, &repository.0, grantee, now).await?;
        self.refetch.try_run(());
        self.offer_undo(change);
        Ok(())
    }

    /// The same from a drop-down, which shows what is in force again where it was refused.
    pub(crate) fn start(self, change: RoleChange) {
        spawn_local(async move {
            let changer = self.clone();
            if let Err(error) = changer.make(change).await {
                self.toasts.failure(error_text(self.i18n, &error));
                self.refetch.try_run(());
            }
        });
    }

    /// Undoing is a change like it, and can be undone in turn.
    fn offer_undo(self, change: RoleChange) {
        let Self { toasts, i18n, .. } = self;
        let is_given = change.now.is_some();
        let text = match self.of {
            RolesOf::Repository => {
                let name = change.grantee.name().to_owned();
                if is_given {
                    tu_string!(i18n, settings.saved, name = name)
                } else {
                    tu_string!(i18n, settings.removed, name = name)
                }
            }
            RolesOf::Grantee => {
                let name = change.repository.1.clone();
                if is_given {
                    tu_string!(i18n, settings.saved_in, name = name)
                } else {
                    tu_string!(i18n, settings.removed_in, name = name)
                }
            }
        };
        toasts.success_with_undo(text, tu_string!(i18n, common.undo).to_owned(), move || {
            self.clone().start(change.clone().undone());
        });
    }
}
