//! What superusers tell everybody, above every page.

use axum::http::StatusCode;
use berth_domain::{Error, MessageFormat, Scope, Severity};
use berth_services::messages::Message;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::call::Call;
use crate::operation::{Group, Operation, Outcome};
use crate::schema::{Schema, choice, list as list_of, text};

pub(super) fn group() -> Group {
    let on = |settings: &berth_services::Settings| settings.users.superusers_enabled;
    let message = Schema::new("Message")
        .required("content", text("The text"))
        .required(
            "media_type",
            choice(&["text/plain", "text/markdown"], "How it is written"),
        )
        .required(
            "severity",
            choice(&["info", "warning", "error"], "How loud it is"),
        );
    Group {
        tag: "globalmessages",
        description: "Messages API",
        operations: vec![
            Operation::get(
                "/messages",
                "getGlobalMessages",
                "Return all global messages",
                list,
            )
            .answers(Messages::schema()),
            Operation::post(
                "/messages",
                "createGlobalMessage",
                "Create a message",
                create,
            )
            .scope(Scope::SuperUser)
            .fresh_login()
            .body(Schema::new("CreateMessage").required("message", message.into()))
            .feature(on)
            .succeeds(StatusCode::CREATED, "Created"),
            Operation::delete(
                "/message/{uuid}",
                "deleteGlobalMessage",
                "Delete a message",
                delete,
            )
            .scope(Scope::SuperUser)
            .fresh_login()
            .feature(on),
        ],
    }
}

#[derive(Serialize)]
struct Messages {
    messages: Vec<Wire>,
}

#[derive(Serialize)]
struct Wire {
    uuid: String,
    content: String,
    severity: Severity,
    media_type: MessageFormat,
}

impl Messages {
    fn schema() -> Schema {
        let message = Schema::new("GlobalMessage")
            .required("uuid", text("The unique ID of the message"))
            .required("content", text("The text"))
            .required("severity", text("info, warning or error"))
            .required("media_type", text("text/plain or text/markdown"));
        Schema::new("GlobalMessages").required("messages", list_of(message, "All of them"))
    }
}

impl From<Message> for Wire {
    fn from(message: Message) -> Self {
        Self {
            uuid: message.uuid,
            content: message.content,
            severity: message.severity,
            media_type: message.media_type,
        }
    }
}

async fn list(call: Call) -> Outcome {
    let messages = call.services.messages.all(&call.actor).await?;
    let messages = messages.into_iter().map(Wire::from).collect();
    Answer::ok(&Messages { messages })
}

#[derive(Deserialize)]
struct Create {
    message: New,
}

#[derive(Deserialize)]
struct New {
    content: String,
    media_type: MessageFormat,
    severity: Severity,
}

async fn create(call: Call) -> Outcome {
    let Create { message } = call.body()?;
    let New {
        content,
        media_type,
        severity,
    } = message;
    call.services
        .messages
        .create(&call.actor, &content, severity, media_type)
        .await?;
    Ok(Answer::empty(StatusCode::CREATED))
}

/// Gone is gone: an unknown message is no error.
async fn delete(call: Call) -> Outcome {
    let uuid = call.parameter("uuid");
    match call.services.messages.delete(&call.actor, uuid).await {
        Ok(()) | Err(Error::NotFound { .. }) => Ok(Answer::no_content()),
        Err(other) => Err(other.into()),
    }
}
