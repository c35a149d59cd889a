//! What the registry can do, for tools that adapt to it.

use serde::Serialize;

use crate::answer::Answer;
use crate::call::Call;
use crate::operation::{Group, Operation, Outcome};
use crate::schema::{Schema, boolean, texts};

pub(super) fn group() -> Group {
    Group {
        tag: "capabilities",
        description: "Describe what the registry can do",
        operations: vec![
            Operation::get(
                "/registry/capabilities",
                "getRegistryCapabilities",
                "Get registry capabilities",
                get,
            )
            .always_open()
            .answers(Capabilities::schema()),
        ],
    }
}

#[derive(Serialize)]
struct Capabilities {
    sparse_manifests: SparseManifests,
    /// Architectures that a mirror may be narrowed to: there are no mirrors.
    mirror_architectures: [&'static str; 0],
}

/// Whether an index may be there without some of its manifests.
#[derive(Serialize)]
struct SparseManifests {
    supported: bool,
    /// No architecture has to be there.
    required_architectures: [&'static str; 0],
    optional_architectures_allowed: bool,
}

impl Capabilities {
    fn schema() -> Schema {
        let sparse = Schema::new("SparseManifests")
            .required(
                "supported",
                boolean("Whether an index may be pushed before the manifests that it names"),
            )
            .required(
                "required_architectures",
                texts("Architectures that have to be there: none"),
            )
            .required(
                "optional_architectures_allowed",
                boolean("Whether manifests of other architectures may be missing"),
            );
        Schema::new("RegistryCapabilities")
            .required("sparse_manifests", sparse.into())
            .required(
                "mirror_architectures",
                texts("Architectures that a mirror may be narrowed to: there are no mirrors"),
            )
    }
}

async fn get(call: Call) -> Outcome {
    let sparse = call.services.settings().push.sparse_index;
    Answer::ok(&Capabilities {
        sparse_manifests: SparseManifests {
            supported: sparse,
            required_architectures: [],
            optional_architectures_allowed: sparse,
        },
        mirror_architectures: [],
    })
}
