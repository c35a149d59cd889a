//! The page's name and the way to it.

use icondata_lu as lu;
use leptos::{html::H1, prelude::*};
use leptos_router::hooks::use_location;

use super::Icon;
use crate::i18n::*;

/// The path of the page that was shown last: only another page takes the focus, and the first one leaves it to the
/// address bar.
#[derive(Clone, Copy)]
pub(crate) struct Navigated(StoredValue<Option<String>>);

impl Navigated {
    /// To be made once, at the root.
    pub(crate) fn new() -> Self {
        Self(StoredValue::new(None))
    }

    /// Notes the page shown now, and says whether another one was shown before.
    fn moved_to(self, path: String) -> bool {
        let before = self
            .0
            .try_update_value(|last| last.replace(path.clone()))
            .flatten();
        before.is_some_and(|before| before != path)
    }
}

/// The one `h1` of a page. Takes the focus when the page was reached inside the console, and names the tab.
#[component]
pub(crate) fn Heading(
    /// The page's name.
    #[prop(into)]
    title: Signal<String>,
    /// What the tab says, where it is more than the name: `app · acme`.
    #[prop(optional, into)]
    tab: MaybeProp<String>,
    /// True where only readers need it.
    #[prop(optional)]
    hidden: bool,
    /// Beside the name.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let node = NodeRef::<H1>::new();
    let navigated = expect_context::<Navigated>();
    let location = use_location();
    Effect::new(move |_| {
        document().set_title(&format!(
            "{} · Berth",
            tab.get().unwrap_or_else(|| title.get())
        ));
    });
    Effect::new(move |_| {
        if let Some(node) = node.get()
            && navigated.moved_to(location.pathname.get_untracked())
        {
            let _ = node.focus();
        }
    });
    view! {
        <div class="berth-heading" class:pf-v6-screen-reader=hidden>
            <h1 class="pf-v6-c-title pf-m-2xl" tabindex="-1" node_ref=node>
                {move || title.get()}
            </h1>
            {children.map(|children| children())}
        </div>
    }
}

/// One step of the way to a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crumb {
    /// Its words.
    pub(crate) text: String,
    /// Where it leads; none for the page itself.
    pub(crate) href: Option<String>,
}

impl Crumb {
    /// A page above.
    pub(crate) fn link(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            href: Some(href.into()),
        }
    }

    /// The page itself.
    pub(crate) fn here(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            href: None,
        }
    }
}

/// The way to the page.
#[component]
pub(crate) fn Crumbs(
    /// From the top.
    #[prop(into)]
    crumbs: Signal<Vec<Crumb>>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="pf-v6-c-page__main-breadcrumb">
            <div class="pf-v6-c-page__main-body">
                <nav class="pf-v6-c-breadcrumb" aria-label=words!(i18n, nav.breadcrumb)>
                    <ol class="pf-v6-c-breadcrumb__list" role="list">
                        {move || {
                            crumbs
                                .get()
                                .into_iter()
                                .enumerate()
                                .map(|(i, crumb)| {
                                    view! {
                                        <li class="pf-v6-c-breadcrumb__item">
                                            {(i > 0)
                                                .then(|| {
                                                    view! {
                                                        <span class="pf-v6-c-breadcrumb__item-divider">
                                                            <Icon icon=lu::LuChevronRight/>
                                                        </span>
                                                    }
                                                })}
                                            {match crumb.href {
                                                Some(href) => {
                                                    view! {
                                                        <a class="pf-v6-c-breadcrumb__link" href=href>
                                                            <bdi>{crumb.text}</bdi>
                                                        </a>
                                                    }
                                                        .into_any()
                                                }
                                                None => {
                                                    view! {
                                                        <span class="pf-v6-c-breadcrumb__link pf-m-current" aria-current="page">
                                                            <bdi>{crumb.text}</bdi>
                                                        </span>
                                                    }
                                                        .into_any()
                                                }
                                            }}
                                        </li>
                                    }
                                })
                                .collect_view()
                        }}
                    </ol>
                </nav>
            </div>
        </section>
    }
}
