//! Messages to everybody.

use async_graphql::{Enum, Object};
use berth_services::messages as services;

use crate::markdown;
use crate::scalars::DateTime;

/// How loud a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "berth_domain::Severity")]
pub(crate) enum Severity {
    /// Good to know.
    Info,
    /// Deserves attention.
    Warning,
    /// Something does not work.
    Error,
}

/// How the text of a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "berth_domain::MessageFormat")]
pub(crate) enum MessageFormat {
    /// As it stands, `text/plain`.
    Plain,
    /// In Markdown, `text/markdown`.
    Markdown,
}

/// A message to everybody.
pub(crate) struct Message(pub(crate) services::Message);

/// What superusers tell everybody.
#[Object]
impl Message {
    /// Names it, for `deleteMessage`.
    async fn uuid(&self) -> &str {
        &self.0.uuid
    }

    /// The text, in its `mediaType`.
    async fn content(&self) -> &str {
        &self.0.content
    }

    /// A text in Markdown as HTML without scripts, styles, pictures and headings; null for one that stands as it is.
    async fn content_html(&self) -> Option<String> {
        (self.0.media_type == berth_domain::MessageFormat::Markdown)
            .then(|| markdown::render_message(&self.0.content))
    }

    /// How loud it is.
    async fn severity(&self) -> Severity {
        self.0.severity.into()
    }

    /// How the text is written.
    async fn media_type(&self) -> MessageFormat {
        self.0.media_type.into()
    }

    /// When it was posted.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}
