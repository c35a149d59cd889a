//! Roles, kinds and states: the closed sets that rows and adapters share.

use crate::sql::text_enum;

text_enum! {
    /// What an account is.
    pub enum AccountKind {
        /// A person with a namespace of the own name.
        User = "user",
        /// A shared namespace with teams.
        Organization = "organization",
        /// A machine account of one namespace.
        Robot = "robot",
    }
}

text_enum! {
    /// What somebody may do in a repository; each role holds the ones before it.
    pub enum RepositoryRole {
        /// Pull.
        Read = "read",
        /// Push, delete tags.
        Write = "write",
        /// Settings, permissions, deletion.
        Admin = "admin",
    }
}

text_enum! {
    /// What a team's members may do in their organization; each role holds the ones before it.
    pub enum TeamRole {
        /// Only what the team's repository permissions give.
        Member = "member",
        /// Create repositories, and administer those.
        Creator = "creator",
        /// Everything in the organization.
        Admin = "admin",
    }
}

text_enum! {
    /// Who may pull without a permission.
    pub enum Visibility {
        /// Everybody.
        Public = "public",
        /// Only who has a role.
        Private = "private",
    }
}

text_enum! {
    /// Whether a repository takes pushes.
    pub enum RepositoryState {
        /// It does.
        Normal = "normal",
        /// Nobody pushes.
        ReadOnly = "read_only",
        /// Only the mirroring robot pushes.
        Mirror = "mirror",
    }
}

impl RepositoryState {
    /// As clients of the REST API and readers of logs know it.
    pub const fn in_capitals(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::ReadOnly => "READ_ONLY",
            Self::Mirror => "MIRROR",
        }
    }
}

text_enum! {
    /// Life of an upload; only an open one is found.
    pub enum UploadState {
        /// Takes bytes.
        Open = "open",
        /// Became a blob.
        Committed = "committed",
        /// Given up by its client.
        Cancelled = "cancelled",
        /// Swept.
        Expired = "expired",
    }
}

text_enum! {
    /// What a mailed code lets its holder do.
    pub enum CodePurpose {
        /// Confirm that the address is the user's.
        Confirm = "confirm",
        /// Choose a new password.
        Recover = "recover",
        /// Come into a team.
        Invite = "invite",
    }
}

text_enum! {
    /// What search finds, in the order in which things that match alike are told.
    pub enum SearchKind {
        /// A repository.
        Repository = "repository",
        /// An organization.
        Organization = "organization",
        /// A team of an organization.
        Team = "team",
        /// A user.
        User = "user",
        /// A machine account.
        Robot = "robot",
    }
}

text_enum! {
    /// What somebody picks out of a list while typing: who may have a right.
    pub enum EntityKind {
        /// A person.
        User = "user",
        /// A machine account.
        Robot = "robot",
        /// A team of an organization.
        Team = "team",
        /// The organization itself.
        Organization = "organization",
    }
}

text_enum! {
    /// What is done to many repositories.
    pub enum BulkChangeKind {
        /// Who may pull from them.
        Visibility = "visibility",
        /// They are deleted.
        Deletion = "deletion",
        /// One user, robot or team has a role in them, or loses it.
        Permissions = "permissions",
    }
}

text_enum! {
    /// How far a change of many repositories is.
    pub enum BulkChangeState {
        /// A worker goes on with it.
        Running = "running",
        /// Every repository was looked at.
        Done = "done",
        /// It ended early, and the rest stayed as it was.
        Failed = "failed",
        /// Who asked for it has ended it, and the rest stayed as it was.
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// How loud a message to everybody is.
    pub enum Severity {
        /// Good to know.
        Info = "info",
        /// Deserves attention.
        Warning = "warning",
        /// Something does not work.
        Error = "error",
    }
}

text_enum! {
    /// What a user is told in the bell, in the words of the REST API.
    pub enum NotificationKind {
        /// An application was assigned to the user, who may authorize it.
        AssignedAuthorization = "assigned_authorization",
        /// The user is invited to a team.
        TeamInvitation = "org_team_invite",
        /// A key of a service beside the registry ends soon.
        ServiceKeyExpiring = "service_key_expiring",
        /// The registry is worked on.
        Maintenance = "maintenance",
    }
}

text_enum! {
    /// How the text of a message is written.
    pub enum MessageFormat {
        /// As it stands.
        Plain = "text/plain",
        /// In Markdown.
        Markdown = "text/markdown",
    }
}
