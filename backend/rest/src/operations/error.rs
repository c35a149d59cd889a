//! What the kinds of API errors mean.

use serde::Serialize;

use crate::answer::Answer;
use crate::call::Call;
use crate::failure::{Failure, KINDS};
use crate::operation::{Group, Operation, Outcome};
use crate::schema::{Schema, text};

pub(super) fn group() -> Group {
    Group {
        tag: "error",
        description: "Describe errors",
        operations: vec![
            Operation::get(
                "/error/{error_type}",
                "getErrorDescription",
                "Get a detailed description of the error",
                get,
            )
            .answers(Meaning::schema()),
        ],
    }
}

#[derive(Serialize)]
struct Meaning {
    r#type: String,
    title: &'static str,
    description: &'static str,
}

impl Meaning {
    fn schema() -> Schema {
        Schema::new("ErrorDescription")
            .required("type", text("Where this is told"))
            .required(
                "title",
                text("The error code identifying the type of error"),
            )
            .required("description", text("What it means"))
    }
}

async fn get(call: Call) -> Outcome {
    let asked = call.parameter("error_type");
    let kind = KINDS.iter().find(|kind| kind.error_type == asked);
    let kind = kind.ok_or_else(Failure::not_found)?;
    Answer::ok(&Meaning {
        r#type: kind.link(&call.address),
        title: kind.error_type,
        description: kind.description,
    })
}
