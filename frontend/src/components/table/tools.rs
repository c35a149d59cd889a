//! How a list looks, and its rows for other programs.

use icondata_lu as lu;
use leptos::{prelude::*, task::spawn_local};

use super::{Listing, copy};
use crate::{
    components::{Menu, MenuItem, copy_text, use_toasts},
    i18n::*,
    preferences,
};

/// Two menus at the end of a list's toolbar: columns and density, and copies of the rows shown.
#[component]
pub(crate) fn ListTools(
    /// Of which list.
    listing: Listing,
) -> impl IntoView {
    let (i18n, toasts) = (use_i18n(), use_toasts());
    let look = Callback::new(move |()| {
        let mut items = vec![MenuItem::Heading(t_string!(i18n, list.columns).to_owned())];
        let columns = listing.columns.get_value();
        items.extend(columns.iter().skip(1).map(|column| {
            let key = column.key;
            let shown = !listing.is_hidden(key);
            MenuItem::check(column.label.get_untracked(), shown, move || {
                listing.hidden.update(|hidden| {
                    if shown {
                        hidden.push(key.to_owned());
                    } else {
                        hidden.retain(|one| one != key);
                    }
                    preferences::set_hidden_columns(listing.name, hidden);
                });
            })
        }));
        items.push(MenuItem::Divider);
        items.push(MenuItem::Heading(t_string!(i18n, list.density).to_owned()));
        let compact = listing.compact.get_untracked();
        for (text, to) in [
            (t_string!(i18n, list.comfortable), false),
            (t_string!(i18n, list.compact), true),
        ] {
            items.push(MenuItem::choice(text, compact == to, move || {
                listing.compact.set(to);
                preferences::set_compact(to);
            }));
        }
        items
    });
    let put = move |text: String| {
        spawn_local(async move {
            copy_text(text).await;
            toasts.success(tu_string!(i18n, common.copied));
        });
    };
    let rows = move |write: fn(&[&str], &[Vec<serde_json::Value>]) -> String| {
        let columns = listing.columns.get_value();
        let keys: Vec<&str> = columns.iter().map(|column| column.key).collect();
        put(listing.shown.with_value(|rows| write(&keys, rows)));
    };
    let copies = Callback::new(move |()| {
        vec![
            MenuItem::action(t_string!(i18n, list.copy_csv), move || rows(copy::csv)),
            MenuItem::action(t_string!(i18n, list.copy_json), move || rows(copy::json)),
            MenuItem::action(t_string!(i18n, list.copy_graphql), move || {
                put(listing.sent.get_value());
            }),
        ]
    });
    view! {
        <span class="berth-tools">
            <Menu label=words!(i18n, list.look) icon=Some(lu::LuSettings2) items=look/>
            <Menu label=words!(i18n, list.copy) icon=Some(lu::LuCopy) items=copies/>
        </span>
    }
}
