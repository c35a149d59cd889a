//! What a client says it can read.

use berth_domain::MediaType;

/// The media types of its `Accept` headers, without parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accept(Vec<String>);

impl Accept {
    /// Reads any number of headers, each a list with commas.
    pub fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Self {
        let types = headers
            .flat_map(|header| header.split(','))
            .filter_map(|entry| entry.split(';').next())
            .map(|entry| entry.trim().to_ascii_lowercase())
            .filter(|entry| !entry.is_empty())
            .collect();
        Self(types)
    }

    fn lists(&self, media_type: &str) -> bool {
        self.0.iter().any(|entry| entry == media_type)
    }

    /// True for old docker clients: they name schema 2 images, but no kind of index and no wildcard.
    pub(super) fn wants_single_image(&self) -> bool {
        self.lists(MediaType::DOCKER_MANIFEST)
            && ![
                MediaType::DOCKER_LIST,
                MediaType::OCI_INDEX,
                "*/*",
                "application/*",
            ]
            .iter()
            .any(|media_type| self.lists(media_type))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(headers: &[&str]) -> bool {
        Accept::parse(headers.iter().copied()).wants_single_image()
    }

    #[test]
    fn only_a_client_that_knows_images_and_no_indexes_gets_a_child() {
        assert!(single(&[MediaType::DOCKER_MANIFEST]));
        assert!(single(&[
            "text/html, Application/vnd.docker.distribution.manifest.v2+json;q=0.5"
        ]));
        assert!(!single(&[]));
        assert!(!single(&["*/*"]));
        assert!(!single(&[
            MediaType::DOCKER_MANIFEST,
            MediaType::DOCKER_LIST
        ]));
        assert!(!single(&[
            "application/vnd.docker.distribution.manifest.v2+json, */*"
        ]));
        assert!(!single(&[MediaType::OCI_MANIFEST]));
    }
}
