//! What Docker and OCI clients meet: pushes, pulls, tags, garbage.

use berth_domain::Namespace;

use crate::config::keys::settings;
use crate::config::values::{ByteSize, Lifetime, Mapping, RegistryState};

settings! {
    "Registry"
    /// What Docker and OCI clients may do.
    pub struct Registry;
    works {
        /// Whether the registry takes changes; `readonly` serves what is there and refuses the rest.
        "REGISTRY_STATE" state: RegistryState = RegistryState::Normal;
        /// Whether pushes are refused, everything else going on.
        "DISABLE_PUSHES" disable_pushes: bool = false;
        /// Whether a repository made by a push is private.
        "CREATE_PRIVATE_REPO_ON_PUSH" create_private_repository_on_push: bool = true;
        /// Whether a push to a namespace that does not exist creates it, an organization owned by the user
        /// who pushes; robots create none.
        "CREATE_NAMESPACE_ON_PUSH" create_namespace_on_push: bool = false;
        /// Entries of a page of tags or repositories where the client names no number; 1 to 100.
        "V2_PAGINATION_SIZE" page_size: u32 = 100;
        /// Whether `/v2/_catalog` lists public repositories of others too; who is not signed in gets an empty list either way.
        "FEATURE_PUBLIC_CATALOG" public_catalog: bool = false;
        /// Whether names without a namespace, such as `busybox`, are taken to lie in `LIBRARY_NAMESPACE`.
        "FEATURE_LIBRARY_SUPPORT" library_support: bool = true;
        /// Namespace of names that carry none.
        "LIBRARY_NAMESPACE" library_namespace: Namespace = "library".parse().expect("a valid name");
        /// Whether repository names may have several levels, as in `acme/team/app`.
        "FEATURE_EXTENDED_REPOSITORY_NAMES" extended_names: bool = true;
        /// Whether `/v2/<name>/referrers` answers.
        "FEATURE_REFERRERS_API" referrers: bool = true;
        /// Whether an index may be pushed before the manifests it names.
        "FEATURE_SPARSE_INDEX" sparse_index: bool = false;
        /// Largest blob that is accepted.
        "MAXIMUM_LAYER_SIZE" maximum_layer_size: ByteSize = ByteSize::gibibytes(20);
        /// Seconds for which blobs and manifests pushed without a tag are kept for the tag to come.
        "PUSH_TEMP_TAG_EXPIRATION_SEC" push_lease_seconds: u64 = 3600;
    }
    later {
        /// Whether artifacts that are no images are accepted; they always are.
        "FEATURE_GENERAL_OCI_SUPPORT": bool = true;
        /// Whether Helm charts are accepted; they always are.
        "FEATURE_HELM_OCI_SUPPORT": bool = true;
        /// Artifact types that are accepted, with their layer types; all are.
        "ALLOWED_OCI_ARTIFACT_TYPES": Mapping = Mapping::default();
        /// Whether requests are counted and refused beyond a rate.
        "FEATURE_RATE_LIMITS": bool = false;
        /// Whether pulls are counted by tag and manifest.
        "FEATURE_IMAGE_PULL_STATS": bool = false;
    }
    never {
        /// Signatures by Docker Content Trust: cosign's lie beside the images and need no key.
        "FEATURE_SIGNING": bool = false;
        /// Conversion into a format of rkt, which is no more.
        "FEATURE_ACI_CONVERSION": bool = false;
    }
}

settings! {
    "Tags"
    /// How long tags live and how long deleted ones can be brought back.
    pub struct Tags;
    works {
        /// How long deleted or moved tags can be restored; a change counts for those that end after it.
        "DEFAULT_TAG_EXPIRATION" default_expiration: Lifetime = Lifetime::days(14);
        /// What namespaces may choose instead of the default.
        "TAG_EXPIRATION_OPTIONS" expiration_options: Vec<Lifetime> = vec![
            Lifetime::seconds(0),
            Lifetime::days(1),
            Lifetime::days(7),
            Lifetime::days(14),
            Lifetime::days(28),
        ];
        /// Whether namespaces may change how long deleted tags can be restored.
        "FEATURE_CHANGE_TAG_EXPIRATION" change_expiration: bool = true;
    }
    later {
        /// Shortest life that a label of an image may give its tags.
        "LABELED_EXPIRATION_MINIMUM": Lifetime = Lifetime::seconds(3600);
        /// Longest life that a label of an image may give its tags.
        "LABELED_EXPIRATION_MAXIMUM": Lifetime = Lifetime::days(728);
        /// Whether tags can be deleted beyond restoring.
        "PERMANENTLY_DELETE_TAGS": bool = false;
        /// Whether deleting an index gives its manifests' tags the same end.
        "RESET_CHILD_MANIFEST_EXPIRATION": bool = false;
        /// Whether tags can be made immutable.
        "FEATURE_IMMUTABLE_TAGS": bool = false;
        /// Prefixes of label keys that users may not write, beside the built-in ones; each ends in a dot.
        "LABEL_KEY_RESERVED_PREFIXES": Vec<String> = Vec::new();
    }
    never {
    }
}

settings! {
    "Garbage collection"
    /// What happens to bytes that nothing needs any more.
    pub struct Collection;
    works {
        /// Whether manifests and blobs that nothing keeps are removed.
        "FEATURE_GARBAGE_COLLECTION" enabled: bool = true;
        /// Seconds from the end of a round to the next.
        "GARBAGE_COLLECTION_FREQUENCY" frequency_seconds: u64 = 30;
        /// How long bytes are kept after the last row that named them, for readers that are still at
        /// them. Not shorter than the longest download.
        "GARBAGE_COLLECTION_GRACE" grace: Lifetime = Lifetime::seconds(3600);
        /// Whether what deleted repositories held is removed.
        "FEATURE_REPOSITORY_GARBAGE_COLLECTION" repositories: bool = true;
        /// Whether deleted organizations are removed. Until they are, their names stay taken.
        "FEATURE_NAMESPACE_GARBAGE_COLLECTION" namespaces: bool = true;
        /// How often each stored object is read and hashed again. A lost or changed one is reported and
        /// replaced by the next push of the same content. `0s` is never.
        "STORAGE_SCRUB_INTERVAL" scrub_interval: Lifetime = Lifetime::days(30);
    }
    later {
    }
    never {
    }
}
