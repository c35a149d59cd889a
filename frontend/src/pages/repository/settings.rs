//! Permissions and what follows from them, visibility, state, deletion.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{Repository, access::WhoCan, permissions::Permissions, state::State};
use crate::{
    components::{Button, ButtonKind, Chosen},
    fragments::Visibility,
    i18n::*,
    pages::repositories::{
        DeleteRepositories, Doomed, Figures, VisibilityChange, use_visibility_change,
    },
};

/// The tab *Settings*.
#[component]
pub(crate) fn Settings(
    /// Of which.
    repository: Repository,
    /// Reads the repository again.
    refetch: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let navigate = use_navigate();
    let change = use_visibility_change(refetch);
    let deleting = RwSignal::new(false);
    // Goes up whenever roles may have changed.
    let changes = RwSignal::new(0_u32);
    let public = repository.visibility == Visibility::Public;
    let (id, path) = (repository.id.inner().to_owned(), repository.path.clone());
    let chosen = Chosen::one(&id, &path);
    let (state_id, state_path) = (id, path);
    let figures = Figures::new(repository.tag_count, repository.size_bytes.as_ref());
    let doomed = StoredValue::new(Doomed {
        chosen: chosen.clone(),
        filter: None,
        figures: Some(figures),
    });
    let gone = Callback::new(move |()| navigate("/repository", NavigateOptions::default()));
    let toggle = Callback::new(move |_| {
        change.run(VisibilityChange {
            chosen: chosen.clone(),
            filter: None,
            to: if public {
                Visibility::Private
            } else {
                Visibility::Public
            },
        });
    });
    view! {
        <div class="berth-stack">
            <Permissions
                id=repository.id.inner().to_owned()
                namespace=repository.namespace.name.clone()
                is_user=repository.namespace.is_user()
                name=repository.name.clone()
                on_change=Callback::new(move |()| changes.update(|changes| *changes = changes.wrapping_add(1)))
            />
            <WhoCan
                namespace=repository.namespace.name.clone()
                is_user=repository.namespace.is_user()
                name=repository.name.clone()
                changes
            />
            <section class="berth-card" aria-labelledby="visibility-title">
                <h2 id="visibility-title">{words!(i18n, settings.visibility)}</h2>
                <div class="berth-row">
                    <p>
                        {move || {
                            if public {
                                t_string!(i18n, settings.visibility_public)
                            } else {
                                t_string!(i18n, settings.visibility_private)
                            }
                        }}
                    </p>
                    <Button on_click=toggle>
                        {move || {
                            if public {
                                t_string!(i18n, settings.make_private)
                            } else {
                                t_string!(i18n, settings.make_public)
                            }
                        }}
                    </Button>
                </div>
            </section>
            <State id=state_id path=state_path state=repository.state refetch/>
            <section class="berth-card" aria-labelledby="delete-title">
                <h2 id="delete-title">{words!(i18n, settings.delete)}</h2>
                <div class="berth-row">
                    <p>{words!(i18n, settings.delete_text)}</p>
                    <Button kind=ButtonKind::Danger on_click=Callback::new(move |_| deleting.set(true))>
                        {words!(i18n, settings.delete)}
                    </Button>
                </div>
            </section>
        </div>
        <Show when=move || deleting.get()>
            <DeleteRepositories
                doomed=doomed.get_value()
                on_close=Callback::new(move |()| deleting.set(false))
                on_done=gone
            />
        </Show>
    }
}
