//! The parts of images: platforms, configurations, layers.

use async_graphql::SimpleObject;
use berth_domain::manifest::ImageConfig as Config;
use berth_domain::{Descriptor, Platform as Machine};

use crate::scalars::{BigInt, Digest};

/// A pair of free texts.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct KeyValue {
    /// Such as `org.opencontainers.image.source`.
    key: String,
    /// Its value.
    value: String,
}

/// Pairs in the order of their keys.
pub(crate) fn pairs(map: impl IntoIterator<Item = (String, String)>) -> Vec<KeyValue> {
    map.into_iter()
        .map(|(key, value)| KeyValue { key, value })
        .collect()
}

/// What machine an image runs on.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Platform {
    /// Such as `linux`.
    os: String,
    /// Such as `arm64`.
    architecture: String,
    /// Such as `v8`.
    variant: Option<String>,
    /// Such as `linux/arm64/v8`.
    label: String,
}

impl From<Machine> for Platform {
    fn from(machine: Machine) -> Self {
        Self {
            label: machine.to_string(),
            os: machine.os,
            architecture: machine.architecture,
            variant: machine.variant,
        }
    }
}

/// A layer of an image, or a file of another artifact.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Layer {
    /// Its content address.
    digest: Digest,
    /// Its type.
    media_type: String,
    /// Its size as stored.
    size_bytes: BigInt,
    /// Free text pairs.
    annotations: Vec<KeyValue>,
    /// The build step that made it.
    created_by: Option<String>,
}

/// Layers with the build steps that made them: the history's steps that left a layer, in order.
/// A history of another length says nothing about layers.
pub(crate) fn layers(descriptors: Vec<Descriptor>, config: Option<&Config>) -> Vec<Layer> {
    let steps: Vec<Option<String>> = config.map_or_else(Vec::new, |config| {
        let made = config.history.iter().filter(|step| !step.empty_layer);
        made.map(|step| step.created_by.clone()).collect()
    });
    let fits = steps.len() == descriptors.len();
    let mut steps = steps.into_iter();
    descriptors
        .into_iter()
        .map(|descriptor| Layer {
            digest: Digest(descriptor.digest),
            media_type: descriptor.media_type.to_string(),
            size_bytes: BigInt(descriptor.size),
            annotations: pairs(descriptor.annotations.unwrap_or_default()),
            created_by: steps.next().flatten().filter(|_| fits),
        })
        .collect()
}

/// How an image was built, and how a container of it starts.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct ImageConfig {
    /// When it was built, as its builder wrote it.
    created_at: Option<String>,
    /// Who built it.
    author: Option<String>,
    /// Operating system.
    os: Option<String>,
    /// Processor.
    architecture: Option<String>,
    /// User or user id that the program runs as.
    user: Option<String>,
    /// Where the program starts.
    working_directory: Option<String>,
    /// The program.
    entrypoint: Vec<String>,
    /// Its arguments.
    command: Vec<String>,
    /// `NAME=value`.
    environment: Vec<String>,
    /// Such as `80/tcp`.
    exposed_ports: Vec<String>,
    /// Paths for volumes.
    volumes: Vec<String>,
    /// Free text pairs.
    labels: Vec<KeyValue>,
    /// The steps of the build.
    history: Vec<HistoryStep>,
}

/// A step of a build.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct HistoryStep {
    /// When, as the builder wrote it.
    created_at: Option<String>,
    /// The command.
    created_by: Option<String>,
    /// Free text.
    comment: Option<String>,
    /// True when the step made no layer.
    empty_layer: bool,
}

impl From<Config> for ImageConfig {
    fn from(config: Config) -> Self {
        let run = config.config;
        Self {
            created_at: config.created,
            author: config.author,
            os: config.os,
            architecture: config.architecture,
            user: run.user.filter(|user| !user.is_empty()),
            working_directory: run.working_dir.filter(|path| !path.is_empty()),
            entrypoint: run.entrypoint.unwrap_or_default(),
            command: run.cmd.unwrap_or_default(),
            environment: run.env.unwrap_or_default(),
            exposed_ports: run.exposed_ports.unwrap_or_default().into_keys().collect(),
            volumes: run.volumes.unwrap_or_default().into_keys().collect(),
            labels: pairs(run.labels.unwrap_or_default()),
            history: config
                .history
                .into_iter()
                .map(|step| HistoryStep {
                    created_at: step.created,
                    created_by: step.created_by,
                    comment: step.comment,
                    empty_layer: step.empty_layer,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(content: &[u8]) -> Descriptor {
        serde_json::from_value(serde_json::json!({
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": berth_domain::Digest::of(content), "size": content.len(),
        }))
        .unwrap()
    }

    #[test]
    fn a_layer_names_the_step_that_made_it_and_steps_without_layers_are_passed_over() {
        let config: Config = serde_json::from_value(serde_json::json!({ "history": [
            { "created_by": "ADD base" },
            { "created_by": "ENV A=1", "empty_layer": true },
            { "created_by": "RUN make" },
        ] }))
        .unwrap();
        let named = |descriptors| -> Vec<Option<String>> {
            layers(descriptors, Some(&config))
                .into_iter()
                .map(|layer| layer.created_by)
                .collect()
        };
        let two = vec![descriptor(b"1"), descriptor(b"2")];
        assert_eq!(
            named(two),
            [Some("ADD base".to_owned()), Some("RUN make".to_owned())]
        );
        assert_eq!(named(vec![descriptor(b"1")]), [None]);
    }
}
