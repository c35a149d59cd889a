//! *Fetch Tag*: the commands that pull it.

use leptos::prelude::*;

use crate::{
    commands,
    components::{CopyLine, Modal},
    i18n::*,
    session::use_session,
};

/// Podman and docker, by tag and by digest.
#[component]
pub(crate) fn PullCommands(
    /// `namespace/name`.
    path: String,
    /// The tag.
    tag: String,
    /// What it points to.
    digest: String,
) -> impl IntoView {
    let (i18n, session) = (use_i18n(), use_session());
    let path = StoredValue::new(path);
    let by_tag = StoredValue::new(format!(":{tag}"));
    let by_digest = StoredValue::new(format!("@{digest}"));
    let podman = move |reference: StoredValue<String>| {
        Signal::derive(move || {
            commands::podman_pull(
                &session.registry(),
                &path.get_value(),
                &reference.get_value(),
            )
        })
    };
    let docker = move |reference: StoredValue<String>| {
        Signal::derive(move || {
            commands::docker_pull(
                &session.registry(),
                &path.get_value(),
                &reference.get_value(),
            )
        })
    };
    view! {
        <div class="berth-commands">
            <CopyLine
                label=words!(i18n, tags.podman_tag)
                text=podman(by_tag)
            />
            <CopyLine
                label=words!(i18n, tags.docker_tag)
                text=docker(by_tag)
            />
            <CopyLine
                label=words!(i18n, tags.podman_digest)
                text=podman(by_digest)
            />
            <CopyLine
                label=words!(i18n, tags.docker_digest)
                text=docker(by_digest)
            />
        </div>
    }
}

/// The commands in a dialog.
#[component]
pub(crate) fn FetchTag(
    /// `namespace/name`.
    path: String,
    /// The tag.
    tag: String,
    /// What it points to.
    digest: String,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let name = tag.clone();
    view! {
        <Modal
            title=Signal::derive(move || t_string!(i18n, tags.fetch_title, name = name.clone()))
            on_close
        >
            <div class="pf-v6-c-modal-box__body">
                <PullCommands path tag digest/>
            </div>
        </Modal>
    }
}
