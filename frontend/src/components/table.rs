//! The one table of all lists: sortable columns that can be hidden, chosen rows, menus, things to copy.

mod copy;
mod tools;

use icondata_lu as lu;
use leptos::prelude::*;
use serde_json::Value;

use super::{
    Icon, Menu, MenuItem, ScopeLabels, Selection, Size, Time,
    list::{RowCheck, SelectAll},
    use_list_url,
};
use crate::{
    fragments::{AccessScope, BigInt, DateTime},
    i18n::*,
    preferences, text,
};

pub(crate) use tools::ListTools;

/// A column of a list. The first one always shows.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    key: &'static str,
    label: Signal<String>,
    sort: Sort,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    No,
    /// The first press sorts from the beginning.
    Up,
    /// The first press sorts from the top: instants, sizes.
    Down,
}

impl Column {
    /// A column that the server cannot sort by. The key names it in copies and in what is remembered.
    pub(crate) fn new(key: &'static str, label: impl Into<Signal<String>>) -> Self {
        Self {
            key,
            label: label.into(),
            sort: Sort::No,
        }
    }

    /// Sorted by its key, from the beginning at first.
    pub(crate) fn sorted(self) -> Self {
        Self {
            sort: Sort::Up,
            ..self
        }
    }

    /// Sorted by its key, from the top at first.
    pub(crate) fn sorted_down(self) -> Self {
        Self {
            sort: Sort::Down,
            ..self
        }
    }
}

/// What stands in a cell, and the raw value that is copied.
pub(crate) struct Cell {
    view: AnyView,
    raw: Value,
}

impl Cell {
    /// Anything.
    pub(crate) fn new(view: impl IntoView + 'static, raw: impl Into<Value>) -> Self {
        Self {
            view: view.into_any(),
            raw: raw.into(),
        }
    }

    /// A name, which may wrap anywhere.
    pub(crate) fn name(view: impl IntoView + 'static, raw: &str) -> Self {
        Self::new(view! { <span class="berth-name">{view}</span> }, raw)
    }

    /// A number, or a dash for what the viewer may not know.
    pub(crate) fn count(i18n: I18n, count: Option<i32>) -> Self {
        let shown = move || match count {
            Some(count) => text::count(language(i18n), i64::from(count)),
            None => "–".to_owned(),
        };
        Self::new(shown, count)
    }

    /// A number that may be larger than others.
    pub(crate) fn large_count(i18n: I18n, count: &BigInt) -> Self {
        let count: i64 = count.0.parse().unwrap_or_default();
        Self::new(move || text::count(language(i18n), count), count)
    }

    /// A size; copied in bytes.
    pub(crate) fn size(bytes: Option<BigInt>) -> Self {
        let raw = bytes.as_ref().and_then(|bytes| bytes.0.parse::<u64>().ok());
        Self::new(view! { <Size bytes/> }, raw)
    }

    /// An instant; copied as RFC 3339.
    pub(crate) fn time(at: Option<DateTime>) -> Self {
        let raw = at.as_ref().map(|at| at.0.clone());
        Self::new(view! { <Time at/> }, raw)
    }

    /// What an access token may do; copied by the names of the scopes.
    pub(crate) fn scopes(scopes: Vec<AccessScope>) -> Self {
        let names: Vec<_> = scopes.iter().map(|scope| scope.name.clone()).collect();
        Self::new(view! { <ScopeLabels scopes/> }, names)
    }

    /// An instant, or the word for that there is none.
    pub(crate) fn time_or_never(i18n: I18n, at: Option<DateTime>) -> Self {
        match at {
            Some(at) => Self::time(Some(at)),
            None => Self::new(
                view! { <span>{words!(i18n, tokens.never)}</span> },
                None::<String>,
            ),
        }
    }
}

/// A row of a list.
pub(crate) struct Row {
    /// Id and name.
    pub(crate) key: (String, String),
    /// Whether it can be chosen.
    pub(crate) selectable: bool,
    /// Whether it has just come.
    pub(crate) fresh: Signal<bool>,
    /// In the order of the columns.
    pub(crate) cells: Vec<Cell>,
    /// What can be done to it.
    pub(crate) menu: Option<Callback<(), Vec<MenuItem>>>,
}

impl Row {
    /// A row of which nothing can be chosen or done.
    pub(crate) fn new(id: &str, name: &str, cells: Vec<Cell>) -> Self {
        Self {
            key: (id.to_owned(), name.to_owned()),
            selectable: false,
            fresh: Signal::stored(false),
            cells,
            menu: None,
        }
    }
}

/// A list as the viewer set it up, and what it shows now.
#[derive(Clone, Copy)]
pub(crate) struct Listing {
    name: &'static str,
    default_sort: &'static str,
    columns: StoredValue<Vec<Column>>,
    hidden: RwSignal<Vec<String>>,
    compact: RwSignal<bool>,
    shown: StoredValue<Vec<Vec<Value>>>,
    sent: StoredValue<String>,
    selection: Selection,
}

impl Listing {
    /// A list by the name under which its columns are remembered, with its order without `sort` in the
    /// URL, such as `name` or `-pushed`.
    pub(crate) fn new(
        name: &'static str,
        default_sort: &'static str,
        columns: Vec<Column>,
    ) -> Self {
        Self {
            name,
            default_sort,
            columns: StoredValue::new(columns),
            hidden: RwSignal::new(preferences::hidden_columns(name)),
            compact: RwSignal::new(preferences::compact()),
            shown: StoredValue::new(Vec::new()),
            sent: StoredValue::new(String::new()),
            selection: Selection::new(),
        }
    }

    /// The chosen rows.
    pub(crate) fn selection(self) -> Selection {
        self.selection
    }

    /// Notes the operation that asks for the rows, to be copied, and hands it back.
    pub(crate) fn sends<Data, Variables: serde::Serialize>(
        self,
        operation: cynic::Operation<Data, Variables>,
    ) -> cynic::Operation<Data, Variables> {
        let variables = serde_json::to_string_pretty(&operation.variables).unwrap_or_default();
        self.sent
            .set_value(copy::operation(&operation.query, &variables));
        operation
    }

    fn is_hidden(self, key: &str) -> bool {
        self.hidden
            .with(|hidden| hidden.iter().any(|one| one == key))
    }
}

/// The table.
#[component]
pub(crate) fn DataTable(
    /// Whose.
    listing: Listing,
    /// What readers call it.
    #[prop(into)]
    label: Signal<String>,
    /// Its rows.
    rows: Vec<Row>,
    /// Rows in all, as far as they were counted.
    total: Option<i32>,
    /// Becomes cards below this width, `md` or `lg`.
    #[prop(default = "md")]
    grid: &'static str,
) -> impl IntoView {
    let selection = listing.selection;
    let selectable = rows.iter().any(|row| row.selectable);
    let has_menu = rows.iter().any(|row| row.menu.is_some());
    let keys: Vec<_> = rows
        .iter()
        .filter(|row| row.selectable)
        .map(|row| row.key.clone())
        .collect();
    selection.shows(&keys, total);
    listing.shown.set_value(
        rows.iter()
            .map(|row| row.cells.iter().map(|cell| cell.raw.clone()).collect())
            .collect(),
    );
    let columns = listing.columns.get_value();
    view! {
        <table
            class=format!("pf-v6-c-table pf-m-grid-{grid}")
            class:pf-m-compact=move || listing.compact.get()
            aria-label=move || label.get()
        >
            <thead class="pf-v6-c-table__thead">
                <tr class="pf-v6-c-table__tr">
                    {selectable.then(|| view! { <SelectAll selection rows=keys/> })}
                    {columns.iter().map(|column| header(listing, *column)).collect_view()}
                    {has_menu.then(|| view! { <td class="pf-v6-c-table__td"></td> })}
                </tr>
            </thead>
            <tbody class="pf-v6-c-table__tbody">
                {rows
                    .into_iter()
                    .map(|row| line(listing, &columns, row, selectable, has_menu))
                    .collect_view()}
            </tbody>
        </table>
    }
}

fn line(
    listing: Listing,
    columns: &[Column],
    row: Row,
    selectable: bool,
    has_menu: bool,
) -> AnyView {
    let i18n = use_i18n();
    let selection = listing.selection;
    let Row {
        key: (id, name),
        selectable: chosen,
        fresh,
        cells,
        menu,
    } = row;
    let menu_name = name.clone();
    let blank = || view! { <td class="pf-v6-c-table__td"></td> }.into_any();
    view! {
        <tr class="pf-v6-c-table__tr" class:berth-fresh=move || fresh.get()>
            {selectable
                .then(|| if chosen { view! { <RowCheck selection id name/> }.into_any() } else { blank() })}
            {columns
                .iter()
                .zip(cells)
                .map(|(column, cell)| {
                    let Column { key, label, .. } = *column;
                    view! {
                        <td
                            class="pf-v6-c-table__td"
                            data-label=move || label.get()
                            hidden=move || listing.is_hidden(key)
                        >
                            {cell.view}
                        </td>
                    }
                })
                .collect_view()}
            {has_menu
                .then(|| match menu {
                    None => blank(),
                    Some(items) => {
                        view! {
                            <td class="pf-v6-c-table__td pf-v6-c-table__action">
                                <Menu
                                    label=Signal::derive(move || t_string!(i18n, list.row_actions, name = menu_name.clone()))
                                    icon=Some(lu::LuEllipsisVertical)
                                    items
                                />
                            </td>
                        }
                            .into_any()
                    }
                })}
        </tr>
    }
    .into_any()
}

/// A column's heading, a button where it sorts.
fn header(listing: Listing, column: Column) -> AnyView {
    let Column { key, label, sort } = column;
    let hidden = move || listing.is_hidden(key);
    if sort == Sort::No {
        return view! {
            <th class="pf-v6-c-table__th" scope="col" hidden=hidden>{move || label.get()}</th>
        }
        .into_any();
    }
    let url = use_list_url();
    let default = listing.default_sort;
    let state = move || {
        let (sorted, descending) = url.sort(default);
        (sorted == key).then_some(descending)
    };
    view! {
        <th
            class="pf-v6-c-table__th pf-v6-c-table__sort"
            class:pf-m-selected=move || state().is_some()
            scope="col"
            hidden=hidden
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
                    let descending = state().map_or(sort == Sort::Down, |descending| !descending);
                    url.set_sort(key, descending, default);
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
    .into_any()
}
