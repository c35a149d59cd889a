use leptos::prelude::*;
#[component]
pub(crate) fn Place(path: String) -> impl IntoView {
    view! { <p>{path}</p> }
}
