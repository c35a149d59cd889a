//! What superusers tell everybody, above every page.

use axum::http::StatusCode;
use berth_domain::{Error, MessageFormat, Scope, Severity};
use berth_services::messages::Message;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::Failure;
use crate::operation::{Group, Operation, Outcome};
use crate::schema::{Schema, choice, list as list_of, object, text};

pub(super) fn group() -> Group {
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
            .always_open()
            .answers(Messages::schema()),
            Operation::post(
                "/messages",
                "createGlobalMessage",
                "Create a message",
                create,
            )
            .scope(Scope::SuperUser)
            .fresh_login()
            .body(Schema::new("CreateMessage").required(
                "message",
                object("A single message, with `content`, `media_type` and `severity`"),
            ))
            .succeeds(StatusCode::CREATED, "Created"),
            Operation::delete(
                "/message/{uuid}",
                "deleteGlobalMessage",
                "Delete a message",
                delete,
            )
            .scope(Scope::SuperUser)
            .fresh_login(),
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
struct New {
    content: String,
    media_type: MessageFormat,
    severity: Severity,
}

async fn create(call: Call) -> Outcome {
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
    let given = &call.body["message"];
    message.check(given).map_err(Failure::invalid)?;
    let New {
        content,
        media_type,
        severity,
    } = serde_json::from_value(given.clone()).map_err(Error::internal)?;
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
