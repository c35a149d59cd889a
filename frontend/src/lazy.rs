//! Pages whose code the browser fetches when somebody first opens them, so that the first load stays small.
//!
//! A release build (`cfg(split_pages)`, set by `cargo xtask`) takes what only such a page needs out of the module:
//! `frontend/split`. Any other build calls the page directly.

use leptos::{prelude::*, task::spawn_local, wasm_split::SplitLoaderError};

use crate::components::{NotFetched, SkeletonLines};

/// Draws a page.
pub(crate) type Page = fn() -> AnyView;
/// A page, or that its code did not arrive.
pub(crate) type Fetched = Result<Page, SplitLoaderError>;

/// Makes a component `$name` of the page `$page`, whose code comes with that of all others of `$chunk`.
///
/// Pages that most visits begin with need none: they are in the first load anyway.
macro_rules! lazy_page {
    ($name:ident, $chunk:ident, $page:path) => {
        #[component]
        fn $name() -> impl IntoView {
            #[cfg(split_pages)]
            #[leptos::wasm_split::wasm_split(
                                                                $chunk,
                                                                fallible,
                                                                wasm_split_path = leptos::wasm_split
                                                            )]
            fn $chunk() -> $crate::lazy::Fetched {
                Ok(|| $page().into_any())
            }
            #[cfg(not(split_pages))]
            async fn $chunk() -> $crate::lazy::Fetched {
                Ok(|| $page().into_any())
            }
            $crate::lazy::shown($chunk())
        }
    };
}
pub(crate) use lazy_page;

/// The page once it is there.
pub(crate) fn shown(fetching: impl Future<Output = Fetched> + 'static) -> impl IntoView {
    let fetched = RwSignal::new(None::<Option<Page>>);
    spawn_local(async move {
        let page = fetching.await.ok();
        // Whoever asked may have gone elsewhere meanwhile.
        fetched.try_set(Some(page));
    });
    move || match fetched.get() {
        None => view! {
            <section class="pf-v6-c-page__main-section">
                <SkeletonLines/>
            </section>
        }
        .into_any(),
        Some(Some(page)) => page(),
        Some(None) => view! {
            <section class="pf-v6-c-page__main-section">
                <NotFetched/>
            </section>
        }
        .into_any(),
    }
}
