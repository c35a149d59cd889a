use leptos::prelude::*;
#[component]
pub(crate) fn Namespace(name: String, is_user: bool) -> impl IntoView {
    let _ = is_user;
    view! { <p>{name}</p> }
}
