//! What happened: one value for the usage log (L1) and for everybody who waits for changes.

mod metadata;
mod parts;

use crate::{
    AccountId, AccountKind, Digest, Namespace, RepositoryPath, RepositoryRole, RepositoryState,
    RobotName, Scopes, TagName, TeamName, TeamRole, Timestamp, Visibility,
};

pub use parts::{ApplicationFields, DefaultPermissionFields, Grantee, Invited, ServiceKeyChange};

/// A change or a use of the registry, with the names it concerns; names survive deletions, ids do not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the fields are the names that the variant speaks of"
)]
pub enum Event {
    /// A user was created: by a superuser or whoever runs the server, or by itself.
    UserCreated {
        username: Namespace,
        email: Option<String>,
        by: Option<String>,
    },
    /// A user changed the own password.
    PasswordChanged,
    /// Somebody else set a user's password: a superuser, or whoever runs the server.
    PasswordReset { username: Namespace, by: String },
    /// A user's address changed.
    EmailChanged {
        username: Namespace,
        email: Option<String>,
        old_email: Option<String>,
    },
    /// A user told names, company or place; an absent one stays as it was.
    NamesChanged {
        given_name: Option<String>,
        family_name: Option<String>,
        company: Option<String>,
        location: Option<String>,
    },
    /// A user has another name.
    UserRenamed {
        username: Namespace,
        old_username: Namespace,
    },
    /// A user became an organization.
    UserConverted,
    /// A user was deleted.
    UserDeleted { username: Namespace },
    /// A user was let in again.
    UserEnabled { username: Namespace, by: String },
    /// A user was shut out.
    UserDisabled { username: Namespace, by: String },
    /// A user made an encrypted password.
    ClientKeyGenerated,
    /// A user made a token for a client.
    AppTokenCreated { title: String, uuid: String },
    /// A user read the text of such a token again.
    AppTokenRead { title: String, uuid: String },
    /// A user took such a token back.
    AppTokenRevoked { title: String, uuid: String },
    /// An OAuth application was made.
    ApplicationCreated {
        application: String,
        client_id: String,
        fields: ApplicationFields,
    },
    /// An OAuth application was changed.
    ApplicationUpdated {
        application: String,
        client_id: String,
        fields: ApplicationFields,
    },
    /// An OAuth application was deleted, and its tokens with it.
    ApplicationDeleted {
        application: String,
        client_id: String,
    },
    /// An OAuth application got a new secret.
    ApplicationSecretReset {
        application: String,
        client_id: String,
    },
    /// Somebody read the secret of an OAuth application.
    ApplicationSecretRead {
        application: String,
        client_id: String,
    },
    /// An administrator wants a user to consent to an application.
    AuthorizationAssigned {
        by: String,
        user: Namespace,
        application: String,
        client_id: String,
    },
    /// An administrator does not want a user to consent to an application any more.
    AssignmentWithdrawn {
        user: String,
        application: String,
        client_id: String,
    },
    /// A user whom an administrator asked does not want to consent to an application.
    AssignmentDeclined {
        user: String,
        application: String,
        client_id: String,
    },
    /// An access token was made: by name for scripts, or by the consent of a user.
    AccessTokenCreated {
        uuid: String,
        scopes: Scopes,
        name: Option<String>,
        application: String,
        client_id: String,
    },
    /// An administrator of the application took an access token back.
    AccessTokenRevoked {
        uuid: String,
        scopes: Scopes,
        name: Option<String>,
        application: String,
        client_id: String,
    },
    /// A consent ended: its user took it back, or somebody showed its code twice.
    AuthorizationRevoked {
        uuid: String,
        scopes: Scopes,
        application: String,
        client_id: String,
    },
    /// An organization was created.
    OrganizationCreated {
        namespace: Namespace,
        email: Option<String>,
    },
    /// An organization is reached elsewhere, or nowhere.
    OrganizationEmailChanged {
        namespace: Namespace,
        email: Option<String>,
        old_email: Option<String>,
    },
    /// A namespace chose how far the Time Machine reaches back, `None` for the registry's default.
    TagExpirationChosen {
        namespace: Namespace,
        kind: AccountKind,
        seconds: Option<u64>,
    },
    /// A superuser gave an organization another name.
    OrganizationRenamed {
        old_name: Namespace,
        new_name: Namespace,
        by: String,
    },
    /// A superuser became an administrator of a namespace; a user's became an organization by it.
    OwnershipTaken {
        namespace: Namespace,
        account: AccountId,
        was_user: bool,
        by: String,
    },
    /// An organization was deleted.
    OrganizationDeleted { namespace: Namespace },
    /// A team was made.
    TeamCreated { team: TeamName },
    /// A team was deleted.
    TeamDeleted { team: TeamName },
    /// A team's description changed.
    TeamDescribed { team: TeamName, description: String },
    /// A team may do something else in its organization.
    TeamRoleChanged { team: TeamName, role: TeamRole },
    /// Somebody came into a team.
    TeamMemberAdded { team: TeamName, member: String },
    /// Somebody is no more in a team.
    TeamMemberRemoved { team: TeamName, member: String },
    /// Somebody was asked to come into a team.
    TeamMemberInvited { team: TeamName, who: Invited },
    /// Somebody is not asked any more to come into a team.
    TeamInvitationCancelled { team: TeamName, who: Invited },
    /// Who was asked to come into a team did.
    TeamInvitationAccepted {
        team: TeamName,
        member: String,
        inviter: Option<String>,
    },
    /// Who was asked to come into a team did not want to.
    TeamInvitationDeclined {
        team: TeamName,
        member: String,
        inviter: Option<String>,
    },
    /// New repositories of an organization begin with a role more.
    DefaultPermissionCreated(DefaultPermissionFields),
    /// They begin with another role.
    DefaultPermissionModified(DefaultPermissionFields),
    /// They begin with a role less.
    DefaultPermissionDeleted(DefaultPermissionFields),
    /// A key of a service was made, changed or removed.
    ServiceKeyChanged {
        change: ServiceKeyChange,
        kid: String,
        service: String,
        name: String,
        expires_at: Option<Timestamp>,
        /// The key in whose place it came.
        signer: Option<String>,
    },
    /// A robot was created.
    RobotCreated {
        robot: RobotName,
        description: String,
        metadata: serde_json::Map<String, serde_json::Value>,
    },
    /// A robot is described anew.
    RobotDescribed {
        robot: RobotName,
        description: String,
        metadata: serde_json::Map<String, serde_json::Value>,
    },
    /// A robot was deleted.
    RobotDeleted { robot: RobotName },
    /// A robot got a new token.
    RobotTokenRegenerated { robot: RobotName },
    /// Somebody read a robot's token.
    RobotTokenRead { robot: RobotName },
    /// A repository was created.
    RepositoryCreated { repository: RepositoryPath },
    /// A repository was deleted.
    RepositoryDeleted { repository: RepositoryPath },
    /// A repository's visibility changed.
    VisibilityChanged {
        repository: RepositoryPath,
        visibility: Visibility,
    },
    /// A repository takes pushes again, or takes them no more.
    StateChanged {
        repository: RepositoryPath,
        state: RepositoryState,
    },
    /// A repository's description changed.
    DescriptionChanged {
        repository: RepositoryPath,
        description: String,
    },
    /// Somebody got a role in a repository.
    PermissionChanged {
        repository: RepositoryPath,
        account: String,
        role: RepositoryRole,
    },
    /// Somebody lost the role in a repository.
    PermissionRemoved {
        repository: RepositoryPath,
        account: String,
    },
    /// A team got a role in a repository.
    TeamPermissionChanged {
        repository: RepositoryPath,
        team: TeamName,
        role: RepositoryRole,
    },
    /// A team lost the role in a repository.
    TeamPermissionRemoved {
        repository: RepositoryPath,
        team: TeamName,
    },
    /// A manifest was pushed under a tag.
    TagPushed {
        repository: RepositoryPath,
        tag: TagName,
        digest: Digest,
        previous: Option<Digest>,
        media_type: String,
    },
    /// A tag was deleted; by digest when `digest` is given.
    TagDeleted {
        repository: RepositoryPath,
        tag: TagName,
        digest: Option<Digest>,
    },
    /// A tag points again to what it pointed to before it ended.
    TagRestored {
        repository: RepositoryPath,
        tag: TagName,
        digest: Digest,
    },
    /// A manifest was deleted by digest.
    ManifestDeleted {
        repository: RepositoryPath,
        digest: Digest,
    },
    /// A manifest was pulled.
    ManifestPulled {
        repository: RepositoryPath,
        tag: Option<TagName>,
        digest: Digest,
        media_type: String,
    },
    /// Somebody signed in.
    LoginSucceeded {
        kind: &'static str,
        how: &'static str,
    },
    /// Somebody failed to sign in; the kind `robot` makes the name one of a robot.
    LoginFailed {
        kind: &'static str,
        how: &'static str,
        username: String,
        message: String,
    },
    /// Somebody signed out.
    LoggedOut,
}

impl Event {
    /// The kind in the usage log.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::UserCreated { .. } => "user_create",
            Self::PasswordChanged => "account_change_password",
            Self::PasswordReset { .. } => "user_change_password",
            Self::EmailChanged { .. } => "user_change_email",
            Self::NamesChanged { .. } => "user_change_metadata",
            Self::UserRenamed { .. } => "user_change_name",
            Self::UserConverted => "account_convert",
            Self::UserDeleted { .. } => "user_delete",
            Self::UserEnabled { .. } => "user_enable",
            Self::UserDisabled { .. } => "user_disable",
            Self::ClientKeyGenerated => "user_generate_client_key",
            Self::AppTokenCreated { .. } => "create_app_specific_token",
            Self::AppTokenRead { .. } => "read_app_specific_token",
            Self::AppTokenRevoked { .. } => "revoke_app_specific_token",
            Self::ApplicationCreated { .. } => "create_application",
            Self::ApplicationUpdated { .. } => "update_application",
            Self::ApplicationDeleted { .. } => "delete_application",
            Self::ApplicationSecretReset { .. } => "reset_application_client_secret",
            Self::ApplicationSecretRead { .. } => "read_application_client_secret",
            Self::AuthorizationAssigned { .. } => "oauth_token_assigned",
            Self::AssignmentWithdrawn { .. } => "oauth_token_assignment_withdrawn",
            Self::AssignmentDeclined { .. } => "oauth_token_assignment_declined",
            Self::AccessTokenCreated { .. } => "create_oauth_api_token",
            Self::AccessTokenRevoked { .. } => "revoke_oauth_api_token",
            Self::AuthorizationRevoked { .. } => "oauth_token_revoked",
            Self::OrganizationCreated { .. } => "org_create",
            Self::OrganizationEmailChanged { .. } => "org_change_email",
            Self::TagExpirationChosen { kind, .. } => match kind {
                AccountKind::Organization => "org_change_tag_expiration",
                AccountKind::User | AccountKind::Robot => "user_change_tag_expiration",
            },
            Self::OrganizationRenamed { .. } => "org_change_name",
            Self::OwnershipTaken { .. } => "take_ownership",
            Self::OrganizationDeleted { .. } => "org_delete",
            Self::TeamCreated { .. } => "org_create_team",
            Self::TeamDeleted { .. } => "org_delete_team",
            Self::TeamDescribed { .. } => "org_set_team_description",
            Self::TeamRoleChanged { .. } => "org_set_team_role",
            Self::TeamMemberAdded { .. } => "org_add_team_member",
            Self::TeamMemberRemoved { .. } => "org_remove_team_member",
            Self::TeamMemberInvited { .. } => "org_invite_team_member",
            Self::TeamInvitationCancelled { .. } => "org_delete_team_member_invite",
            Self::TeamInvitationAccepted { .. } => "org_team_member_invite_accepted",
            Self::TeamInvitationDeclined { .. } => "org_team_member_invite_declined",
            Self::DefaultPermissionCreated(_) => "create_prototype_permission",
            Self::DefaultPermissionModified(_) => "modify_prototype_permission",
            Self::DefaultPermissionDeleted(_) => "delete_prototype_permission",
            Self::ServiceKeyChanged { change, .. } => change.kind(),
            Self::RobotCreated { .. } => "create_robot",
            Self::RobotDescribed { .. } => "update_robot",
            Self::RobotDeleted { .. } => "delete_robot",
            Self::RobotTokenRegenerated { .. } => "regenerate_robot_token",
            Self::RobotTokenRead { .. } => "read_robot_token",
            Self::RepositoryCreated { .. } => "create_repo",
            Self::RepositoryDeleted { .. } => "delete_repo",
            Self::VisibilityChanged { .. } => "change_repo_visibility",
            Self::StateChanged { .. } => "change_repo_state",
            Self::DescriptionChanged { .. } => "set_repo_description",
            Self::PermissionChanged { .. } | Self::TeamPermissionChanged { .. } => {
                "change_repo_permission"
            }
            Self::PermissionRemoved { .. } | Self::TeamPermissionRemoved { .. } => {
                "delete_repo_permission"
            }
            Self::TagPushed { .. } => "push_repo",
            Self::TagDeleted { .. } => "delete_tag",
            Self::TagRestored { .. } => "revert_tag",
            Self::ManifestDeleted { .. } => "delete_manifest",
            Self::ManifestPulled { .. } => "pull_repo",
            Self::LoginSucceeded { .. } => "login_success",
            Self::LoginFailed { .. } => "login_failure",
            Self::LoggedOut => "logout_success",
        }
    }

    /// The repository it concerns.
    pub const fn repository(&self) -> Option<&RepositoryPath> {
        match self {
            Self::RepositoryCreated { repository }
            | Self::RepositoryDeleted { repository }
            | Self::VisibilityChanged { repository, .. }
            | Self::StateChanged { repository, .. }
            | Self::DescriptionChanged { repository, .. }
            | Self::PermissionChanged { repository, .. }
            | Self::PermissionRemoved { repository, .. }
            | Self::TeamPermissionChanged { repository, .. }
            | Self::TeamPermissionRemoved { repository, .. }
            | Self::TagPushed { repository, .. }
            | Self::TagDeleted { repository, .. }
            | Self::TagRestored { repository, .. }
            | Self::ManifestDeleted { repository, .. }
            | Self::ManifestPulled { repository, .. } => Some(repository),
            Self::UserCreated { .. }
            | Self::PasswordChanged
            | Self::PasswordReset { .. }
            | Self::EmailChanged { .. }
            | Self::NamesChanged { .. }
            | Self::UserRenamed { .. }
            | Self::UserConverted
            | Self::UserDeleted { .. }
            | Self::UserEnabled { .. }
            | Self::UserDisabled { .. }
            | Self::ClientKeyGenerated
            | Self::AppTokenCreated { .. }
            | Self::AppTokenRead { .. }
            | Self::AppTokenRevoked { .. }
            | Self::ApplicationCreated { .. }
            | Self::ApplicationUpdated { .. }
            | Self::ApplicationDeleted { .. }
            | Self::ApplicationSecretReset { .. }
            | Self::ApplicationSecretRead { .. }
            | Self::AuthorizationAssigned { .. }
            | Self::AssignmentWithdrawn { .. }
            | Self::AssignmentDeclined { .. }
            | Self::AccessTokenCreated { .. }
            | Self::AccessTokenRevoked { .. }
            | Self::AuthorizationRevoked { .. }
            | Self::OrganizationCreated { .. }
            | Self::OrganizationEmailChanged { .. }
            | Self::TagExpirationChosen { .. }
            | Self::OrganizationRenamed { .. }
            | Self::OwnershipTaken { .. }
            | Self::OrganizationDeleted { .. }
            | Self::TeamCreated { .. }
            | Self::TeamDeleted { .. }
            | Self::TeamDescribed { .. }
            | Self::TeamRoleChanged { .. }
            | Self::TeamMemberAdded { .. }
            | Self::TeamMemberRemoved { .. }
            | Self::TeamMemberInvited { .. }
            | Self::TeamInvitationCancelled { .. }
            | Self::TeamInvitationAccepted { .. }
            | Self::TeamInvitationDeclined { .. }
            | Self::DefaultPermissionCreated(_)
            | Self::DefaultPermissionModified(_)
            | Self::DefaultPermissionDeleted(_)
            | Self::ServiceKeyChanged { .. }
            | Self::RobotCreated { .. }
            | Self::RobotDescribed { .. }
            | Self::RobotDeleted { .. }
            | Self::RobotTokenRegenerated { .. }
            | Self::RobotTokenRead { .. }
            | Self::LoginSucceeded { .. }
            | Self::LoginFailed { .. }
            | Self::LoggedOut => None,
        }
    }

    /// Whether subscribers may wait for it, so that it goes to the outbox beside the log.
    pub const fn is_published(&self) -> bool {
        matches!(
            self,
            Self::RepositoryCreated { .. }
                | Self::RepositoryDeleted { .. }
                | Self::TagPushed { .. }
                | Self::TagDeleted { .. }
                | Self::TagRestored { .. }
                | Self::ManifestDeleted { .. }
        )
    }
}
