//! What the image is made of, and what each part costs.

use icondata_lu as lu;
use leptos::prelude::*;

use super::{
    Shown,
    manifest::{Layer, Own},
};
use crate::{
    components::{DigestText, Empty, Size},
    fragments::BigInt,
    i18n::*,
    text,
};

/// The tab *Layers*.
#[component]
pub(super) fn Layers(
    /// Of what.
    shown: Shown,
) -> impl IntoView {
    let i18n = use_i18n();
    let (layers, is_index) = match shown.manifest.own {
        Own::Image(image) => (image.layers, false),
        Own::Artifact(artifact) => (artifact.layers, false),
        Own::Index(_) => (Vec::new(), true),
        Own::Other => (Vec::new(), false),
    };
    if layers.is_empty() {
        return view! {
            <Empty
                icon=lu::LuLayers
                title=words!(i18n, tag.no_layers)
                text=Signal::derive(move || {
                    if is_index { t_string!(i18n, tag.no_layers_index).to_owned() } else { String::new() }
                })
            />
        }
        .into_any();
    }
    let total: u64 = layers.iter().map(Layer::bytes).sum();
    let count = layers.len();
    view! {
        <p class="berth-muted berth-gap-below">
            {move || t_string!(i18n, tag.layers_text, count = count, size = text::size(total))}
        </p>
        <table class="pf-v6-c-table pf-m-grid-lg" aria-label=words!(i18n, tag.layers)>
            <thead class="pf-v6-c-table__thead">
                <tr class="pf-v6-c-table__tr">
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, tag.layer)}</th>
                    <th class="pf-v6-c-table__th berth-wide" scope="col">{words!(i18n, tag.made_by)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, tag.size)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, tag.share)}</th>
                    <th class="pf-v6-c-table__th" scope="col">{words!(i18n, tag.digest)}</th>
                </tr>
            </thead>
            <tbody class="pf-v6-c-table__tbody">
                {layers
                    .into_iter()
                    .enumerate()
                    .map(|(i, layer)| {
                        // In tenths of a percent, so that whole numbers do.
                        let share = u128::from(layer.bytes()) * 1000 / u128::from(total.max(1));
                        let percent = format!("{}.{}%", share / 10, share % 10);
                        let origin = layer.origin().unwrap_or_else(|| layer.media_type.clone());
                        let width = percent.clone();
                        view! {
                            <tr class="pf-v6-c-table__tr">
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, tag.layer)>{i + 1}</td>
                                <td class="pf-v6-c-table__td berth-name" data-label=words!(i18n, tag.made_by)>
                                    <code>{origin}</code>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, tag.size)>
                                    <Size bytes=Some(BigInt(layer.size_bytes.0))/>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, tag.share)>
                                    <span class="berth-share">
                                        <span class="berth-bar" aria-hidden="true">
                                            <span class="berth-bar__fill" style:width=width></span>
                                        </span>
                                        <span class="berth-number">{percent}</span>
                                    </span>
                                </td>
                                <td class="pf-v6-c-table__td" data-label=words!(i18n, tag.digest)>
                                    <DigestText digest=layer.digest.0/>
                                </td>
                            </tr>
                        }
                    })
                    .collect_view()}
            </tbody>
        </table>
    }
    .into_any()
}
