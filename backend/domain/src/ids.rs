//! Row ids as types, so that a repository is never looked up by a manifest's number.

macro_rules! id {
    ($($(#[$meta:meta])* $name:ident,)+) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "diesel", derive(diesel_derive_newtype::DieselNewType))]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+ };
}

id! {
    /// A user, organization or robot.
    AccountId,
    /// A team of an organization.
    TeamId,
    /// A question to a user or an e-mail address, whether to come into a team.
    InvitationId,
    /// A role that new repositories of an organization begin with.
    PrototypeId,
    /// A repository.
    RepositoryId,
    /// A manifest in one repository.
    ManifestId,
    /// A blob, stored once for all repositories.
    BlobId,
    /// One lifetime of a tag.
    TagId,
    /// An upload in progress.
    UploadId,
    /// A signed-in browser.
    SessionId,
    /// An OAuth application.
    ApplicationId,
    /// An OAuth access token.
    OAuthTokenId,
    /// A code that an application fetches its token with.
    OAuthCodeId,
    /// A consent that an administrator asks another user for.
    AssignmentId,
    /// A token that a user's client uses instead of the password.
    AppTokenId,
    /// Something that a user is told in the bell.
    NotificationId,
    /// A mail on its way out.
    MailId,
    /// A change of more repositories than one transaction takes.
    BulkChangeId,
    /// A row of the usage log.
    LogEntryId,
    /// An event that waits for its subscribers.
    OutboxId,
}
