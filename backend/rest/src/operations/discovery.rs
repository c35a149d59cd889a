//! Descriptions of the API, for explorers and makers of clients (X4).

use crate::answer::Answer;
use crate::document::{openapi, swagger};
use crate::operation::{Group, Operation};
use crate::parameters::{Parameter, switch};
use crate::schema::object;

pub(super) fn group() -> Group {
    let internal =
        || -> [Parameter; 1] { [switch("internal", "Whether to include internal APIs.")] };
    Group {
        tag: "discovery",
        description: "Describe the API",
        operations: vec![
            Operation::get(
                "/discovery",
                "discovery",
                "List all of the API endpoints available in the swagger API format",
                |call| async move {
                    let with_internal = call.query.is_on("internal");
                    Answer::ok(&swagger::document(
                        &call.table,
                        &call.address,
                        with_internal,
                    ))
                },
            )
            .query(internal())
            .always_open()
            .answers(object("The description, in Swagger 2.0")),
            Operation::get(
                "/openapi.json",
                "getOpenApiDocument",
                "List all of the API endpoints as an OpenAPI 3.1 document",
                |call| async move {
                    let with_internal = call.query.is_on("internal");
                    Answer::ok(&openapi::document(
                        &call.table,
                        &call.address,
                        with_internal,
                    ))
                },
            )
            .query(internal())
            .always_open()
            .internal(),
        ],
    }
}
