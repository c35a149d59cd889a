//! The one error type of the product.
//!
//! Each variant has a stable [`Error::code`], a message that is safe to show, and at most a field
//! and a detail. A cause is kept for the log and never shown. Adapters match every variant without
//! a wildcard, so a new one does not compile until each of them has decided what it looks like.

use std::fmt;

use serde_json::{Value, json};

use crate::{Digest, shorten};

/// Result of everything in the product that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A cause, kept for the log.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Noun {
    /// A user or an organization.
    Namespace,
    /// An organization.
    Organization,
    /// A user account.
    User,
    /// A robot account.
    Robot,
    /// A team of an organization.
    Team,
    /// A question, whether to come into a team, that nobody has answered yet.
    Invitation,
    /// A role that new repositories begin with.
    DefaultPermission,
    /// A repository.
    Repository,
    /// A tag that never existed or is out of the Time Machine window.
    Tag,
    /// A manifest.
    Manifest,
    /// A blob that this repository does not link.
    Blob,
    /// An upload that is unknown, finished, cancelled or expired.
    Upload,
    /// A signing key.
    Key,
    /// A signed-in browser.
    Session,
    /// A token that a client uses instead of the password.
    AppToken,
    /// An OAuth application.
    Application,
    /// An OAuth access token.
    AccessToken,
    /// A consent that an administrator asks a user for.
    Assignment,
    /// A message to everybody.
    Message,
    /// Something that a user is told in the bell.
    Notification,
    /// A change of many repositories that goes on behind its request.
    BulkChange,
}

impl Noun {
    /// The noun in a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::Organization => "organization",
            Self::User => "user",
            Self::Robot => "robot account",
            Self::Team => "team",
            Self::Invitation => "invitation",
            Self::DefaultPermission => "default permission",
            Self::Repository => "repository",
            Self::Tag => "tag",
            Self::Manifest => "manifest",
            Self::Blob => "blob",
            Self::Upload => "upload",
            Self::Key => "key",
            Self::Session => "session",
            Self::AppToken => "application token",
            Self::Application => "application",
            Self::AccessToken => "access token",
            Self::Assignment => "assigned authorization",
            Self::Message => "message",
            Self::Notification => "notification",
            Self::BulkChange => "change",
        }
    }
}

/// What kind of input was refused; `/v2` has a code of its own for most of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Invalid {
    /// A repository path or a part of it.
    RepositoryName,
    /// A tag name.
    TagName,
    /// Digest syntax.
    Digest,
    /// A manifest that does not parse or contradicts itself.
    Manifest,
    /// An upload that cannot be finished as asked.
    Upload,
    /// Any other argument.
    Value,
}

/// Everything that can go wrong, in the words of the domain.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Credentials are missing or wrong.
    #[error("{message}")]
    Unauthenticated {
        /// Safe to show.
        message: String,
    },
    /// The session is too old for this; the password has to be given again.
    #[error("this needs a fresh login; give the password again")]
    FreshLoginRequired,
    /// The password is right, and the address has to be confirmed first.
    #[error("your e-mail address is not confirmed yet; follow the link in the mail that was sent")]
    EmailUnverified,
    /// The caller may not know whether this exists.
    #[error("{} not found, or not visible to you", .0.as_str())]
    Hidden(Noun),
    /// The caller may know, and it does not exist.
    #[error("{} `{name}` not found", noun.as_str())]
    NotFound {
        /// What was looked for.
        noun: Noun,
        /// The name as it was asked for, short and without control characters.
        name: String,
    },
    /// A tag ended inside the Time Machine window.
    #[error(
        "tag `{tag}` was deleted or has expired; it can be restored from its history (Time Machine) for a while"
    )]
    TagExpired {
        /// Name of the tag.
        tag: String,
    },
    /// The caller is known and lacks a right.
    #[error("{message}")]
    Forbidden {
        /// Says which right would be needed.
        message: String,
    },
    /// An argument was refused.
    #[error("{message}")]
    Invalid {
        /// Which kind of argument.
        kind: Invalid,
        /// Name of the field, in the caller's spelling.
        field: Option<String>,
        /// Says what would be accepted.
        message: String,
    },
    /// Content does not have the digest that was announced.
    #[error("content has digest `{actual}`, not `{expected}`")]
    DigestMismatch {
        /// What the client announced.
        expected: Digest,
        /// What the bytes have.
        actual: Digest,
    },
    /// A manifest of a type that this registry does not take.
    #[error(
        "manifest media type `{media_type}` is not supported; push an OCI or Docker schema 2 manifest or index"
    )]
    ManifestUnsupported {
        /// The refused type.
        media_type: String,
    },
    /// A manifest names a blob or child that the repository lacks.
    #[error("`{digest}` is not in this repository; push it first")]
    ManifestBlobUnknown {
        /// What is missing.
        digest: Digest,
    },
    /// A blob that a manifest still needs.
    #[error("blob `{digest}` is still named by a manifest of this repository")]
    BlobInUse {
        /// The blob.
        digest: Digest,
    },
    /// More bytes than allowed.
    #[error("{what} is larger than the allowed {max_bytes} bytes")]
    TooLarge {
        /// What was too large.
        what: &'static str,
        /// The limit.
        max_bytes: u64,
        /// How much had arrived when it was refused.
        actual_bytes: u64,
    },
    /// A chunk does not start where the upload stands.
    #[error("the upload stands at {offset_bytes} bytes; send the next chunk from there")]
    UploadOffset {
        /// Bytes received so far.
        offset_bytes: u64,
    },
    /// Another request is writing to this upload.
    #[error("another request is writing to this upload")]
    UploadBusy,
    /// The name is taken.
    #[error("{message}")]
    AlreadyExists {
        /// What is taken.
        noun: Noun,
        /// Says what is taken.
        message: String,
    },
    /// The state changed meanwhile, or forbids this.
    #[error("{message}")]
    Conflict {
        /// Says what stands in the way.
        message: String,
    },
    /// Too many attempts.
    #[error("too many failed login attempts; try again in {retry_after_s} seconds")]
    RateLimited {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// The whole registry is read-only.
    #[error(
        "System is currently read-only. Pulls will succeed but all write operations are currently suspended."
    )]
    ReadOnly,
    /// Switched off by configuration.
    #[error("{message}")]
    FeatureOff {
        /// Names the switch.
        message: String,
    },
    /// A database or a bucket cannot be reached, or a lock was not had in time.
    #[error("{what} is not available at the moment; try again")]
    Unavailable {
        /// What cannot be reached.
        what: &'static str,
        /// For the log.
        #[source]
        source: BoxError,
    },
    /// No room is left where blobs are stored.
    #[error("storage is full")]
    StorageFull {
        /// For the log.
        #[source]
        source: BoxError,
    },
    /// The client went away in the middle of its request.
    #[error("the request body ended early")]
    BodyInterrupted {
        /// For the log.
        #[source]
        source: BoxError,
    },
    /// A bug or a broken invariant.
    #[error("an internal error occurred")]
    Internal {
        /// For the log.
        #[source]
        source: BoxError,
    },
}

impl Error {
    /// Wrong or missing credentials.
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::Unauthenticated {
            message: message.into(),
        }
    }

    /// A known caller without the right.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::Forbidden {
            message: message.into(),
        }
    }

    /// Absent, and the caller may know.
    pub fn not_found(noun: Noun, name: impl fmt::Display) -> Self {
        Self::NotFound {
            noun,
            name: shorten(&name.to_string()),
        }
    }

    /// A refused argument of one kind.
    pub fn invalid(kind: Invalid, message: impl Into<String>) -> Self {
        Self::Invalid {
            kind,
            field: None,
            message: message.into(),
        }
    }

    /// A refused argument without a kind of its own.
    pub fn invalid_value(message: impl Into<String>) -> Self {
        Self::invalid(Invalid::Value, message)
    }

    /// Names the field of a refused argument or taken name; other errors pass unchanged.
    #[must_use]
    pub fn in_field(self, name: impl Into<String>) -> Self {
        match self {
            Self::Invalid { kind, message, .. } => Self::Invalid {
                kind,
                field: Some(name.into()),
                message,
            },
            other => other,
        }
    }

    /// A taken name.
    pub fn already_exists(noun: Noun, message: impl Into<String>) -> Self {
        Self::AlreadyExists {
            noun,
            message: message.into(),
        }
    }

    /// A state that forbids the request.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict {
            message: message.into(),
        }
    }

    /// A broken invariant, with its cause for the log.
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self::Internal {
            source: source.into(),
        }
    }

    /// Something outside this process does not answer.
    pub fn unavailable(what: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Unavailable {
            what,
            source: source.into(),
        }
    }

    /// The stable code of this error, for machines; GraphQL shows it as `extensions.reason`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated { .. } => "UNAUTHENTICATED",
            Self::Hidden(noun) | Self::NotFound { noun, .. } => match noun {
                Noun::Namespace => "NAMESPACE_NOT_FOUND",
                Noun::Organization => "ORGANIZATION_NOT_FOUND",
                Noun::User => "USER_NOT_FOUND",
                Noun::Robot => "ROBOT_NOT_FOUND",
                Noun::Team => "TEAM_NOT_FOUND",
                Noun::Invitation => "INVITATION_NOT_FOUND",
                Noun::DefaultPermission => "DEFAULT_PERMISSION_NOT_FOUND",
                Noun::Repository => "REPOSITORY_NOT_FOUND",
                Noun::Tag => "TAG_NOT_FOUND",
                Noun::Manifest => "MANIFEST_NOT_FOUND",
                Noun::Blob => "BLOB_NOT_FOUND",
                Noun::Upload => "UPLOAD_NOT_FOUND",
                Noun::Key => "KEY_NOT_FOUND",
                Noun::Session => "SESSION_NOT_FOUND",
                Noun::AppToken => "APP_TOKEN_NOT_FOUND",
                Noun::Application => "APPLICATION_NOT_FOUND",
                Noun::AccessToken => "ACCESS_TOKEN_NOT_FOUND",
                Noun::Assignment => "ASSIGNMENT_NOT_FOUND",
                Noun::Message => "MESSAGE_NOT_FOUND",
                Noun::Notification => "NOTIFICATION_NOT_FOUND",
                Noun::BulkChange => "BULK_CHANGE_NOT_FOUND",
            },
            Self::FreshLoginRequired => "FRESH_LOGIN_REQUIRED",
            Self::EmailUnverified => "EMAIL_UNVERIFIED",
            Self::TagExpired { .. } => "TAG_EXPIRED",
            Self::Forbidden { .. } => "FORBIDDEN",
            Self::Invalid { kind, .. } => match kind {
                Invalid::RepositoryName => "REPOSITORY_NAME_INVALID",
                Invalid::TagName => "TAG_NAME_INVALID",
                Invalid::Digest => "DIGEST_INVALID",
                Invalid::Manifest => "MANIFEST_INVALID",
                Invalid::Upload => "UPLOAD_INVALID",
                Invalid::Value => "INVALID_INPUT",
            },
            Self::DigestMismatch { .. } => "DIGEST_MISMATCH",
            Self::ManifestUnsupported { .. } => "MANIFEST_UNSUPPORTED",
            Self::ManifestBlobUnknown { .. } => "MANIFEST_BLOB_UNKNOWN",
            Self::BlobInUse { .. } => "BLOB_IN_USE",
            Self::TooLarge { .. } => "TOO_LARGE",
            Self::UploadOffset { .. } => "UPLOAD_OFFSET",
            Self::UploadBusy => "UPLOAD_BUSY",
            Self::AlreadyExists { .. } => "ALREADY_EXISTS",
            Self::Conflict { .. } => "CONFLICT",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::ReadOnly => "READ_ONLY",
            Self::FeatureOff { .. } => "FEATURE_OFF",
            Self::Unavailable { .. } => "UNAVAILABLE",
            Self::StorageFull { .. } => "STORAGE_FULL",
            Self::BodyInterrupted { .. } => "BODY_INTERRUPTED",
            Self::Internal { .. } => "INTERNAL",
        }
    }

    /// The field that was refused, if one was.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid { field, .. } => field.as_deref(),
            _ => None,
        }
    }

    /// Facts for machines beside the message, if there are any.
    pub fn detail(&self) -> Option<Value> {
        match self {
            Self::DigestMismatch { expected, actual } => {
                Some(json!({ "expected": expected, "actual": actual }))
            }
            Self::ManifestBlobUnknown { digest } | Self::BlobInUse { digest } => {
                Some(json!({ "digest": digest }))
            }
            Self::TooLarge {
                max_bytes,
                actual_bytes,
                ..
            } => Some(json!({ "max_allowed": max_bytes, "uploaded": actual_bytes })),
            Self::UploadOffset { offset_bytes } => Some(json!({ "offset": offset_bytes })),
            Self::RateLimited { retry_after_s } => Some(json!({ "retry_after": retry_after_s })),
            Self::ReadOnly => Some(json!({ "is_readonly": true })),
            Self::ManifestUnsupported { media_type } => Some(json!({ "mediaType": media_type })),
            _ => None,
        }
    }

    /// True where someone who operates the registry should look.
    pub const fn is_fault(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::StorageFull { .. } | Self::Internal { .. }
        )
    }
}
