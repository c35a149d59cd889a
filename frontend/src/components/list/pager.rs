//! Which rows of a list are shown, and the way to the next ones.

use icondata_lu as lu;
use leptos::prelude::*;

use super::{AFTER, ListUrl, ROWS, ROWS_CHOICES, counted_and_grouped, use_list_url};
use crate::{
    components::{Button, ButtonKind, Select},
    i18n::*,
    text,
};

/// The line below a list: which rows, rows on a page, next and previous page.
#[component]
pub(crate) fn Pager(
    /// Rows shown.
    shown: usize,
    /// Rows in all, as far as they were counted.
    total: Option<i32>,
    /// Where the next page begins; none on the last.
    next: Option<String>,
    /// Where the list keeps its place; unless told otherwise, that of the page's one list.
    #[prop(optional)]
    url: Option<ListUrl>,
) -> impl IntoView {
    let i18n = use_i18n();
    let url = url.unwrap_or_else(use_list_url);
    let first = move || url.passed() * usize::try_from(url.rows()).unwrap_or(0);
    let has_next = next.is_some();
    let next = StoredValue::new(next);
    view! {
        <div class="pf-v6-c-pagination pf-m-bottom pf-m-static berth-pager">
            <div class="berth-pager__range">{move || range(i18n, first(), shown, total)}</div>
            <div class="berth-pager__rows">
                <Select
                    label=words!(i18n, list.rows_per_page)
                    options=Signal::derive(move || {
                        ROWS_CHOICES
                            .iter()
                            .map(|rows| (
                                rows.to_string(),
                                t_string!(i18n, list.rows, number = rows.to_string()),
                            ))
                            .collect::<Vec<_>>()
                    })
                    value=Signal::derive(move || url.rows().to_string())
                    on_change=Callback::new(move |rows: String| {
                        let rows = if rows == ROWS.to_string() { String::new() } else { rows };
                        let query = url.query_untracked().with("rows", &rows);
                        url.set(&query.with(AFTER, "").with(url.after, ""), false);
                    })
                />
            </div>
            <Turn
                has_previous=Signal::derive(move || url.passed() > 0)
                has_next
                on_previous=Callback::new(move |()| url.back())
                on_next=Callback::new(move |()| {
                    if let Some(cursor) = next.get_value() {
                        url.next(cursor);
                    }
                })
            />
        </div>
    }
}

/// Which rows are shown: so many behind the first ones.
fn range(i18n: I18n, first: usize, shown: usize, total: Option<i32>) -> String {
    let number = |n: usize| text::count(language(i18n), i64::try_from(n).unwrap_or(i64::MAX));
    let (from, to) = (number(first + 1), number(first + shown));
    match total {
        Some(total) => {
            let total = counted_and_grouped(i18n, usize::try_from(total).unwrap_or(0));
            t_string!(i18n, list.range_of, from = from, to = to, total = total)
        }
        None => t_string!(i18n, list.range, from = from, to = to),
    }
}

/// Next and previous page.
#[component]
fn Turn(
    has_previous: Signal<bool>,
    has_next: bool,
    on_previous: Callback<()>,
    on_next: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="berth-pager__nav" role="group" aria-label=words!(i18n, list.pages)>
            <Button
                kind=ButtonKind::Plain
                icon=Some(lu::LuChevronLeft)
                label=words!(i18n, list.previous)
                disabled=Signal::derive(move || !has_previous.get())
                on_click=Callback::new(move |_| on_previous.run(()))
            />
            <Button
                kind=ButtonKind::Plain
                icon=Some(lu::LuChevronRight)
                label=words!(i18n, list.next)
                disabled=Signal::derive(move || !has_next)
                on_click=Callback::new(move |_| on_next.run(()))
            />
        </div>
    }
}

/// Where a list stands that is part of a form, and so not of the address.
#[derive(Clone, Copy)]
pub(crate) struct ListPlace {
    search: RwSignal<String>,
    passed: RwSignal<Vec<String>>,
}

impl ListPlace {
    /// Rows of a page.
    pub(crate) const ROWS: i32 = 10;

    /// The beginning.
    pub(crate) fn new() -> Self {
        Self {
            search: RwSignal::new(String::new()),
            passed: RwSignal::new(Vec::new()),
        }
    }

    /// What is searched.
    pub(crate) fn search(self) -> Option<String> {
        Some(self.search.get()).filter(|text| !text.is_empty())
    }

    /// Whether something is searched, without following it.
    pub(crate) fn is_searched(self) -> bool {
        self.search.with_untracked(|text| !text.is_empty())
    }

    /// Searches from the first page.
    pub(crate) fn set_search(self, text: String) {
        self.passed.set(Vec::new());
        self.search.set(text);
    }

    /// The cursor that this page comes after.
    pub(crate) fn after(self) -> Option<String> {
        self.passed.with(|passed| passed.last().cloned())
    }
}

/// The line below a list that is part of a form.
#[component]
pub(crate) fn PlacePager(
    /// Where the list stands.
    place: ListPlace,
    /// Rows shown.
    shown: usize,
    /// Rows in all, as far as they were counted.
    total: Option<i32>,
    /// Where the next page begins; none on the last.
    next: Option<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    let passed = move || place.passed.with(Vec::len);
    let first = move || passed() * usize::try_from(ListPlace::ROWS).unwrap_or(0);
    let has_next = next.is_some();
    let next = StoredValue::new(next);
    view! {
        <div class="pf-v6-c-pagination pf-m-bottom pf-m-static berth-pager">
            <div class="berth-pager__range">{move || range(i18n, first(), shown, total)}</div>
            <Turn
                has_previous=Signal::derive(move || passed() > 0)
                has_next
                on_previous=Callback::new(move |()| {
                    place
                        .passed
                        .update(|passed| {
                            passed.pop();
                        });
                })
                on_next=Callback::new(move |()| {
                    if let Some(cursor) = next.get_value() {
                        place.passed.update(|passed| passed.push(cursor));
                    }
                })
            />
        </div>
    }
}
