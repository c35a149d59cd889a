//! What all lists share: their state in the URL, sortable headings, selection, pages.

mod pager;

use std::{collections::BTreeMap, sync::Arc};

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};

use super::{Button, ButtonKind};
use crate::{i18n::*, paths::QueryString, text};

pub(crate) use pager::{ListPlace, Pager, PlacePager};

/// Rows on a page unless the viewer chose otherwise.
const ROWS: i32 = 20;
const ROWS_CHOICES: [i32; 3] = [20, 50, 100];
/// Keys of the URL by which lists are filtered, beside the search.
const FILTERS: [&str; 5] = ["visibility", "state", "kind", "inactive", "expiring"];
/// The registry counts no further.
const COUNTED_MAX: usize = 10_000;

type Go = Arc<dyn Fn(&str, NavigateOptions) + Send + Sync>;

/// Key of the pages passed, of a page's one list.
const AFTER: &str = "after";
/// The keys of lists that are searched together with that one.
const AFTER_BESIDE: [&str; 1] = ["invited"];

/// A list's state in the URL: `q` search, `sort`, `rows`, `after` once for each page passed, and `tab`.
#[derive(Clone, Copy)]
pub(crate) struct ListUrl {
    path: Memo<String>,
    query: Memo<QueryString>,
    go: StoredValue<Go>,
    /// Key of the pages passed.
    after: &'static str,
}

/// The state of the page shown now.
pub(crate) fn use_list_url() -> ListUrl {
    use_list_url_by(AFTER)
}

/// The same for a second list of a page, which walks through pages of its own under this key.
pub(crate) fn use_list_url_by(after: &'static str) -> ListUrl {
    let location = use_location();
    let (path, search) = (location.pathname, location.search);
    ListUrl {
        path,
        query: Memo::new(move |_| QueryString::parse(&search.get())),
        go: StoredValue::new(Arc::new(use_navigate())),
        after,
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

    /// Opens a view inside the tab; the list inside begins anew.
    pub(crate) fn open_view(self, key: &str, value: &str) {
        let old = self.query_untracked();
        let query = QueryString::default().with("tab", old.get("tab").unwrap_or_default());
        self.set(&query.with(key, value), false);
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
        let query = self.query_untracked().with("q", text).with(self.after, "");
        let query = AFTER_BESIDE
            .iter()
            .fold(query, |query, key| query.with(key, ""));
        self.set(&query, true);
    }

    /// Takes search and filter away.
    pub(crate) fn clear_filters(self) {
        let all = FILTERS
            .iter()
            .fold(self.query_untracked(), |query, key| query.with(key, ""));
        self.set(&all.with("q", "").with(self.after, ""), true);
    }

    /// Filters from the first page, as a step that *back* undoes.
    pub(crate) fn put_filter(self, key: &str, value: &str) {
        let query = self.query_untracked().with(key, value);
        self.set(&query.with(self.after, ""), false);
    }

    /// The sorted column and whether it descends.
    pub(crate) fn sort(self, default: &'static str) -> (String, bool) {
        let sort = self.get("sort").unwrap_or_else(|| default.to_owned());
        match sort.strip_prefix('-') {
            Some(column) => (column.to_owned(), true),
            None => (sort, false),
        }
    }

    pub(super) fn set_sort(self, column: &str, descending: bool, default: &str) {
        let sort = if descending {
            format!("-{column}")
        } else {
            column.to_owned()
        };
        let sort = if sort == default { "" } else { sort.as_str() };
        self.set(
            &self
                .query_untracked()
                .with("sort", sort)
                .with(self.after, ""),
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
        self.query.with(|query| query.all(self.after).pop())
    }

    /// How many pages were passed.
    fn passed(self) -> usize {
        self.query.with(|query| query.all(self.after).len())
    }

    fn next(self, cursor: String) {
        let query = self.query_untracked();
        let mut passed = query.all(self.after);
        passed.push(cursor);
        self.set(&query.with_all(self.after, passed), false);
    }

    /// Goes to the page before where this one, which showed so many rows, has lost its only one. False where it stays.
    pub(crate) fn has_left_empty(self, shown: usize) -> bool {
        let leaves = shown == 1 && self.query_untracked().get(self.after).is_some();
        if leaves {
            self.back();
        }
        leaves
    }

    fn back(self) {
        let query = self.query_untracked();
        let mut passed = query.all(self.after);
        passed.pop();
        self.set(&query.with_all(self.after, passed), false);
    }
}

/// A count for a text with plurals: `10,000+` where the registry counted no further.
pub(crate) fn counted(i18n: I18n, count: usize) -> String {
    if count == COUNTED_MAX {
        format!("{}+", grouped(i18n, count))
    } else {
        count.to_string()
    }
}

/// The same for a text that takes a number as it is.
pub(crate) fn counted_and_grouped(i18n: I18n, count: usize) -> String {
    if count == COUNTED_MAX {
        counted(i18n, count)
    } else {
        grouped(i18n, count)
    }
}

fn grouped(i18n: I18n, count: usize) -> String {
    text::count(language(i18n), i64::try_from(count).unwrap_or(i64::MAX))
}

/// Which rows a change is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// These: ids and names.
    Rows(Vec<(String, String)>),
    /// All that match the search and the filters, so many as far as they were counted.
    Matching(usize),
}

impl Chosen {
    /// One row.
    pub(crate) fn one(id: &str, name: &str) -> Self {
        Self::Rows(vec![(id.to_owned(), name.to_owned())])
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.len(),
            Self::Matching(count) => *count,
        }
    }

    /// How many, for a text with plurals.
    pub(crate) fn counted(&self, i18n: I18n) -> String {
        counted(i18n, self.len())
    }

    /// Their ids; none where a filter says which.
    pub(crate) fn ids(&self) -> Option<Vec<cynic::Id>> {
        match self {
            Self::Rows(rows) => Some(rows.iter().map(|(id, _)| cynic::Id::new(id)).collect()),
            Self::Matching(_) => None,
        }
    }

    /// Their names, as far as they are known.
    pub(crate) fn names(&self) -> Vec<String> {
        match self {
            Self::Rows(rows) => rows.iter().map(|(_, name)| name.clone()).collect(),
            Self::Matching(_) => Vec::new(),
        }
    }

    /// The filter, where it says which.
    pub(crate) fn filter<F>(&self, filter: impl FnOnce() -> F) -> Option<F> {
        matches!(self, Self::Matching(_)).then(filter)
    }
}

/// The rows of a page that can be chosen, and how many match in all.
#[derive(Clone, Default)]
struct Shown {
    rows: Vec<(String, String)>,
    total: usize,
}

/// The chosen rows. They outlive a change of page, and all that match may be chosen at once.
#[derive(Clone, Copy)]
pub(crate) struct Selection {
    rows: RwSignal<BTreeMap<String, String>>,
    /// Whether everything that matches is chosen.
    all: RwSignal<bool>,
    /// What the page shows of it.
    page: RwSignal<Shown>,
}

impl Selection {
    /// Nothing chosen. Another search or filter ends the choice of all that match.
    pub(crate) fn new() -> Self {
        let selection = Self {
            rows: RwSignal::new(BTreeMap::new()),
            all: RwSignal::new(false),
            page: RwSignal::new(Shown::default()),
        };
        let url = use_list_url();
        Effect::new(move |before: Option<_>| {
            let matching = (url.search(), url.get("visibility"));
            if before.is_some_and(|before| before != matching) && selection.all.get_untracked() {
                selection.clear();
            }
            matching
        });
        selection
    }

    /// Says which rows of the page can be chosen.
    pub(super) fn shows(self, rows: &[(String, String)], total: Option<i32>) {
        self.page.set(Shown {
            rows: rows.to_vec(),
            total: usize::try_from(total.unwrap_or(0)).unwrap_or(0),
        });
    }

    /// How many.
    pub(crate) fn len(self) -> usize {
        if self.all.get() {
            self.total()
        } else {
            self.rows.with(BTreeMap::len)
        }
    }

    fn total(self) -> usize {
        self.page.with(|page| page.total)
    }

    /// What is chosen now.
    pub(crate) fn chosen(self) -> Chosen {
        if self.all.get_untracked() {
            return Chosen::Matching(untrack(|| self.total()));
        }
        Chosen::Rows(
            self.rows
                .with_untracked(|rows| rows.clone().into_iter().collect()),
        )
    }

    /// Chooses nothing.
    pub(crate) fn clear(self) {
        self.all.try_set(false);
        self.rows.try_update(BTreeMap::clear);
    }

    /// How many there would be, where more rows match than are chosen.
    fn offers_all(self) -> Option<usize> {
        let total = self.total();
        (!self.all.get() && total > self.rows.with(BTreeMap::len)).then_some(total)
    }

    fn has(self, id: &str) -> bool {
        self.all.get() || self.rows.with(|rows| rows.contains_key(id))
    }

    fn set(self, rows: &[(String, String)], chosen: bool) {
        // From all that match, what remains is the rest of the page.
        if self.all.get_untracked() {
            let page = self.page.with_untracked(|page| page.rows.clone());
            self.all.set(false);
            self.rows.set(page.into_iter().collect());
        }
        self.rows.update(|all| {
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

/// What is chosen, and what can be done to it; there while something is.
#[component]
pub(crate) fn BulkBar(
    /// Which rows are chosen.
    selection: Selection,
    /// The buttons.
    children: ChildrenFn,
) -> impl IntoView {
    let i18n = use_i18n();
    let children = StoredValue::new(children);
    view! {
        <Show when=move || { selection.len() > 0 }>
            <div class="berth-bulk">
                <span role="status">{move || t_string!(i18n, list.selected, count = counted(i18n, selection.len()))}</span>
                {move || {
                    selection
                        .offers_all()
                        .map(|total| {
                            view! {
                                <Button
                                    kind=ButtonKind::Link
                                    on_click=Callback::new(move |_| selection.all.set(true))
                                >
                                    {move || t_string!(i18n, list.select_all, number = counted_and_grouped(i18n, total))}
                                </Button>
                            }
                        })
                }}
                {children.with_value(|children| children())}
                <Button kind=ButtonKind::Link on_click=Callback::new(move |_| selection.clear())>
                    {words!(i18n, list.clear_selection)}
                </Button>
            </div>
        </Show>
    }
}

/// The box before a row.
#[component]
pub(super) fn RowCheck(
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
pub(super) fn SelectAll(
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
