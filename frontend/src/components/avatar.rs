//! The picture of an account.

use leptos::prelude::*;

/// The account's first letter on its colour; the name stands beside it.
#[component]
pub(crate) fn Avatar(
    /// Whose.
    name: String,
    /// `#rrggbb`, as the server gives it.
    color: String,
) -> impl IntoView {
    let letter = name
        .chars()
        .next()
        .unwrap_or('?')
        .to_uppercase()
        .to_string();
    let dark_letter = is_light(&color);
    view! {
        <span
            class="berth-avatar"
            class:berth-avatar-light=dark_letter aria-hidden="true"
            data-letter=letter
            style:background-color=color
        ></span>
    }
}

/// Whether a dark letter reads better on this colour.
fn is_light(color: &str) -> bool {
    let channel = |at: usize| {
        let digits = color.get(at..at + 2).unwrap_or("00");
        u32::from_str_radix(digits, 16).unwrap_or(0)
    };
    // Rec. 709 weights in thousandths, of colours as they are written.
    213 * channel(1) + 715 * channel(3) + 72 * channel(5) > 140 * 1000
}

#[cfg(test)]
mod tests {
    use super::is_light;

    #[test]
    fn letters_are_dark_on_light_colours_only() {
        assert!(is_light("#98df8a") && is_light("#ffffff") && is_light("#ffbb78"));
        assert!(!is_light("#1f77b4") && !is_light("#000000") && !is_light("odd"));
    }
}
