//! What all lists share: their state in the URL, sortable headings, selection, pages.

use std::{collections::BTreeMap, sync::Arc};

use icondata_lu as lu;
use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};

use super::{Button, ButtonKind, Icon, Select};
use crate::{i18n::*, paths::QueryString, text};

/// Rows on a page unless the viewer chose otherwise.
const ROWS: i32 = 20;
const ROWS_CHOICES: [i32; 3] = [20, 50, 100];

type Go = Arc<dyn Fn(&str, NavigateOptions) + Send + Sync>;

/// A list's state in the URL: `q` search, `sort`, `rows`, `after` once for each page passed, and `tab`.
#[derive(Clone, Copy)]
pub(crate) struct ListUrl {
    path: Memo<String>,
    query: Memo<QueryString>,
    go: StoredValue<Go>,
}

/// The state of the page shown now.
pub(crate) fn use_list_url() -> ListUrl {
    let location = use_location();
    let (path, search) = (location.pathname, location.search);
    ListUrl {
        path,
        query: Memo::new(move |_| QueryString::parse(&search.get())),
        go: StoredValue::new(Arc::new(use_navigate())),
    }
}

impl ListUrl {
    fn set(self, query: &QueryString, replace: bool) {
        let address = query.on(&self.path.get_untracked());
        let options = NavigateOptions {
            replace,
            scroll: false,
            ..NavigateOptions::default()
        };
        self.go.with_value(|go| go(&address, options));
    }

    fn query_untracked(self) -> QueryString {
        self.query.get_untracked()
    }

    /// The value of a key of the page's own.
    pub(crate) fn get(self, key: &str) -> Option<String> {
        self.query.with(|query| query.get(key).map(str::to_owned))
    }

    /// Sets a key of the page's own, as a step that *back* undoes.
    pub(crate) fn put(self, key: &str, value: &str) {
        self.set(&self.query_untracked().with(key, value), false);
    }

    /// The open tab, or the first of these.
    pub(crate) fn tab(self, keys: &[&'static str]) -> String {
        let tab = self.get("tab").unwrap_or_default();
        let known = keys.iter().find(|key| **key == tab).or(keys.first());
        (*known.unwrap_or(&"")).to_owned()
    }

    /// Opens a tab; the list inside begins anew, and only these keys stay.
    pub(crate) fn open_tab(self, key: &str, keep: &[&str]) {
        let old = self.query_untracked();
        let kept = keep.iter().fold(QueryString::default(), |query, key| {
            query.with(key, old.get(key).unwrap_or_default())
        });
        self.set(&kept.with("tab", key), false);
    }

    /// What is searched.
    pub(crate) fn search(self) -> String {
        self.get("q").unwrap_or_default()
    }

    /// What is searched, without following it.
    pub(crate) fn search_untracked(self) -> String {
        self.query_untracked()
            .get("q")
            .unwrap_or_default()
            .to_owned()
    }

    /// Searches from the first page; no step of its own for *back*.
    pub(crate) fn set_search(self, text: &str) {
        self.set(
            &self.query_untracked().with("q", text).with("after", ""),
            true,
        );
    }

    /// The sorted column and whether it descends.
    pub(crate) fn sort(self, default: &'static str) -> (String, bool) {
        let sort = self.get("sort").unwrap_or_else(|| default.to_owned());
        match sort.strip_prefix('-') {
            Some(column) => (column.to_owned(), true),
            None => (sort, false),
        }
    }

    fn set_sort(self, column: &str, descending: bool, default: &str) {
        let sort = if descending {
            format!("-{column}")
        } else {
            column.to_owned()
        };
        let sort = if sort == default { "" } else { sort.as_str() };
        self.set(
            &self.query_untracked().with("sort", sort).with("after", ""),
            false,
        );
    }

    /// How many rows a page has.
    pub(crate) fn rows(self) -> i32 {
        let rows = self.get("rows").and_then(|rows| rows.parse().ok());
        rows.filter(|rows| ROWS_CHOICES.contains(rows))
            .unwrap_or(ROWS)
    }

    /// The cursor that this page comes after.
    pub(crate) fn after(self) -> Option<String> {
        self.query.with(|query| query.all("after").pop())
    }

    /// How many pages were passed.
    fn passed(self) -> usize {
        self.query.with(|query| query.all("after").len())
    }

    fn next(self, cursor: String) {
        let query = self.query_untracked();
        let mut passed = query.all("after");
        passed.push(cursor);
        self.set(&query.with_all("after", passed), false);
    }

    fn back(self) {
        let query = self.query_untracked();
        let mut passed = query.all("after");
        passed.pop();
        self.set(&query.with_all("after", passed), false);
    }
}

/// A column heading that sorts.
#[component]
pub(crate) fn SortHeader(
    /// What the URL calls the column.
    column: &'static str,
    /// Its words.
    #[prop(into)]
    label: Signal<String>,
    /// The list's order without `sort`, such as `name` or `-pushed`.
    default: &'static str,
    /// True where the first press sorts from the top: instants, sizes.
    #[prop(optional)]
    descending_first: bool,
) -> impl IntoView {
    let url = use_list_url();
    let state = move || {
        let (sorted, descending) = url.sort(default);
        (sorted == column).then_some(descending)
    };
    view! {
        <th
            class="pf-v6-c-table__th pf-v6-c-table__sort"
            class:pf-m-selected=move || state().is_some()
            scope="col"
            aria-sort=move || match state() {
                None => "none",
                Some(true) => "descending",
                Some(false) => "ascending",
            }
        >
            <button
                type="button"
                class="pf-v6-c-table__button"
                on:click=move |_| {
                    let descending = state().map_or(descending_first, |descending| !descending);
                    url.set_sort(column, descending, default);
                }
            >
                <span class="pf-v6-c-table__button-content">
                    <span class="pf-v6-c-table__text">{move || label.get()}</span>
                    <span class="pf-v6-c-table__sort-indicator">
                        {move || match state() {
                            None => view! { <Icon icon=lu::LuArrowUpDown/> },
                            Some(true) => view! { <Icon icon=lu::LuArrowDown/> },
                            Some(false) => view! { <Icon icon=lu::LuArrowUp/> },
                        }}
                    </span>
                </span>
            </button>
        </th>
    }
}

/// The chosen rows: ids and names. It outlives a change of page.
#[derive(Clone, Copy)]
pub(crate) struct Selection(RwSignal<BTreeMap<String, String>>);

impl Selection {
    /// Nothing chosen.
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(BTreeMap::new()))
    }

    /// How many.
    pub(crate) fn len(self) -> usize {
        self.0.with(BTreeMap::len)
    }

    /// Their ids.
    pub(crate) fn ids(self) -> Vec<String> {
        self.0.with_untracked(|rows| rows.keys().cloned().collect())
    }

    /// Their names.
    pub(crate) fn names(self) -> Vec<String> {
        self.0
            .with_untracked(|rows| rows.values().cloned().collect())
    }

    /// Chooses nothing.
    pub(crate) fn clear(self) {
        self.0.try_update(BTreeMap::clear);
    }

    fn has(self, id: &str) -> bool {
        self.0.with(|rows| rows.contains_key(id))
    }

    fn set(self, rows: &[(String, String)], chosen: bool) {
        self.0.update(|all| {
            for (id, name) in rows {
                if chosen {
                    all.insert(id.clone(), name.clone());
                } else {
                    all.remove(id);
                }
            }
        });
    }
}

/// The box before a row.
#[component]
pub(crate) fn RowCheck(
    /// Which rows are chosen.
    selection: Selection,
    /// The row's id.
    id: String,
    /// The row's name.
    name: String,
) -> impl IntoView {
    let i18n = use_i18n();
    let label = name.clone();
    let row = [(id.clone(), name)];
    view! {
        <td class="pf-v6-c-table__td pf-v6-c-table__check">
            <label class="pf-v6-c-check pf-m-standalone">
                <input
                    class="pf-v6-c-check__input"
                    type="checkbox"
                    aria-label=move || t_string!(i18n, list.select_row, name = label.clone())
                    prop:checked=move || selection.has(&id)
                    on:change=move |event| selection.set(&row, event_target_checked(&event))
                />
            </label>
        </td>
    }
}

/// The box that chooses all rows shown.
#[component]
pub(crate) fn SelectAll(
    /// Which rows are chosen.
    selection: Selection,
    /// Ids and names of the rows shown.
    rows: Vec<(String, String)>,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = StoredValue::new(rows);
    let all = move || {
        rows.with_value(|rows| !rows.is_empty() && rows.iter().all(|(id, _)| selection.has(id)))
    };
    let some = move || rows.with_value(|rows| rows.iter().any(|(id, _)| selection.has(id)));
    view! {
        <th class="pf-v6-c-table__th pf-v6-c-table__check" scope="col">
            <label class="pf-v6-c-check pf-m-standalone">
                <input
                    class="pf-v6-c-check__input"
                    type="checkbox"
                    aria-label=words!(i18n, list.select_page)
                    prop:checked=all
                    prop:indeterminate=move || some() && !all()
                    on:change=move |event| {
                        let chosen = event_target_checked(&event);
                        rows.with_value(|rows| selection.set(rows, chosen));
                    }
                />
            </label>
        </th>
    }
}

/// The line below a list: which rows, rows on a page, next and previous page.
#[component]
pub(crate) fn Pager(
    /// Rows shown.
    shown: usize,
    /// Rows in all, as far as they were counted.
    total: Option<i32>,
    /// Where the next page begins; none on the last.
    next: Option<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    let url = use_list_url();
    let first = move || url.passed() * usize::try_from(url.rows()).unwrap_or(0);
    let number = move |n: usize| text::count(language(i18n), i64::try_from(n).unwrap_or(i64::MAX));
    let has_next = next.is_some();
    let next = StoredValue::new(next);
    let range = move || {
        let (from, to) = (number(first() + 1), number(first() + shown));
        match total {
            Some(total) => {
                let total = text::count(language(i18n), i64::from(total));
                t_string!(i18n, list.range_of, from = from, to = to, total = total)
            }
            None => t_string!(i18n, list.range, from = from, to = to),
        }
    };
    view! {
        <div class="pf-v6-c-pagination pf-m-bottom pf-m-static berth-pager">
            <div class="berth-pager__range">{range}</div>
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
                        url.set(&url.query_untracked().with("rows", &rows).with("after", ""), false);
                    })
                />
            </div>
            <nav class="berth-pager__nav" aria-label=words!(i18n, list.pages)>
                <Button
                    kind=ButtonKind::Plain
                    icon=Some(lu::LuChevronLeft)
                    label=words!(i18n, list.previous)
                    disabled=Signal::derive(move || url.passed() == 0)
                    on_click=Callback::new(move |_| url.back())
                />
                <Button
                    kind=ButtonKind::Plain
                    icon=Some(lu::LuChevronRight)
                    label=words!(i18n, list.next)
                    disabled=Signal::derive(move || !has_next)
                    on_click=Callback::new(move |_| {
                        if let Some(cursor) = next.get_value() {
                            url.next(cursor);
                        }
                    })
                />
            </nav>
        </div>
    }
}
