//! Numbers, sizes and times in words.

use js_sys::{Array, Date, Intl, Object, Reflect};
use wasm_bindgen::JsValue;

/// Bytes with a binary unit and one decimal: `3.4 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // In tenths and whole numbers, so that nothing is rounded up to 1024.0 of a unit.
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// The algorithm's first twelve digits, enough to tell digests apart in a table.
pub(crate) fn short_digest(digest: &str) -> String {
    match digest.split_once(':') {
        Some((algorithm, hex)) => format!("{algorithm}:{}", hex.get(..12).unwrap_or(hex)),
        None => digest.to_owned(),
    }
}

/// The unit and the count of it between two instants, negative in the past.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) unit: &'static str,
    pub(crate) count: i64,
}

/// The largest unit that fits into so many seconds.
pub(crate) fn span(seconds: i64) -> Span {
    const UNITS: [(&str, i64); 6] = [
        ("year", 31_536_000),
        ("month", 2_592_000),
        ("day", 86_400),
        ("hour", 3_600),
        ("minute", 60),
        ("second", 1),
    ];
    let (unit, length) = UNITS
        .into_iter()
        .find(|(_, length)| seconds.abs() >= *length)
        .unwrap_or(("second", 1));
    Span {
        unit,
        count: seconds / length,
    }
}

/// JSON laid out for reading, with its own order of keys; the text as it is where it is no JSON.
pub(crate) fn pretty_json(raw: &str) -> String {
    js_sys::JSON::parse(raw)
        .and_then(|value| {
            js_sys::JSON::stringify_with_replacer_and_space(
                &value,
                &JsValue::NULL,
                &JsValue::from_f64(2.0),
            )
        })
        .map_or_else(|_| raw.to_owned(), String::from)
}

fn options(pairs: &[(&str, &str)]) -> Object {
    let object = Object::new();
    for (key, value) in pairs {
        // Setting a property of a plain new object cannot fail.
        let _ = Reflect::set(&object, &JsValue::from_str(key), &JsValue::from_str(value));
    }
    object
}

fn locales(language: &str) -> Array {
    Array::of1(&JsValue::from_str(language))
}

fn call(format: &js_sys::Function, value: &JsValue) -> String {
    format
        .call1(&JsValue::UNDEFINED, value)
        .ok()
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}

/// A count with the language's grouping.
pub(crate) fn count(language: &str, number: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    let number = JsValue::from_f64(number as f64);
    call(
        &Intl::NumberFormat::new(&locales(language), &Object::new()).format(),
        &number,
    )
}

/// The largest unit of which so many seconds are a whole number, and the count of it.
fn whole(seconds: i32) -> (&'static str, i32) {
    const UNITS: [(&str, i32); 3] = [("day", 86_400), ("hour", 3_600), ("minute", 60)];
    let (unit, length) = UNITS
        .into_iter()
        .find(|(_, length)| seconds % length == 0)
        .unwrap_or(("second", 1));
    (unit, seconds / length)
}

/// A length of time without rounding: `36 hours`.
pub(crate) fn duration(language: &str, seconds: i32) -> String {
    let (unit, count) = whole(seconds);
    let style = options(&[("style", "unit"), ("unit", unit), ("unitDisplay", "long")]);
    call(
        &Intl::NumberFormat::new(&locales(language), &style).format(),
        &JsValue::from_f64(f64::from(count)),
    )
}

/// An instant relative to now: `3 minutes ago`.
pub(crate) fn relative(language: &str, instant: &str) -> String {
    let then = Date::new(&JsValue::from_str(instant)).get_time();
    #[expect(clippy::cast_possible_truncation, reason = "seconds between two dates")]
    let seconds = ((then - Date::now()) / 1000.0) as i64;
    let span = span(seconds);
    let format =
        Intl::RelativeTimeFormat::new(&locales(language), &options(&[("numeric", "auto")]));
    #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
    let count = span.count as f64;
    format.format(count, span.unit).into()
}

/// An instant in full, in the viewer's zone and in UTC.
pub(crate) fn exact(language: &str, instant: &str) -> String {
    let format = Intl::DateTimeFormat::new(
        &locales(language),
        &options(&[("dateStyle", "long"), ("timeStyle", "long")]),
    );
    let own = call(&format.format(), &Date::new(&JsValue::from_str(instant)));
    format!("{own}\n{instant}")
}

/// What an input of the type `datetime-local` calls an instant: in the viewer's zone, to the minute.
pub(crate) fn local_minute(instant: &str) -> String {
    let date = Date::new(&JsValue::from_str(instant));
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date(),
        date.get_hours(),
        date.get_minutes()
    )
}

/// The instant that such an input holds, in UTC; none for what is no instant.
pub(crate) fn instant_of(local: &str) -> Option<String> {
    let date = Date::new(&JsValue::from_str(local.trim()));
    if date.get_time().is_nan() {
        return None;
    }
    date.to_iso_string().as_string()
}

/// The instant in so many seconds, in UTC.
pub(crate) fn instant_in(seconds: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a few years at most")]
    let at = Date::now() + seconds as f64 * 1000.0;
    Date::new(&JsValue::from_f64(at)).to_iso_string().into()
}

/// Whether an instant lies ahead.
pub(crate) fn is_ahead(instant: &str) -> bool {
    Date::new(&JsValue::from_str(instant)).get_time() > Date::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_binary_with_one_decimal() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_048_575, "1023.9 KiB"),
            (3_565_158, "3.3 MiB"),
            (u64::MAX, "16383.9 PiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn spans_take_the_largest_unit_that_fits() {
        assert_eq!(
            span(-59),
            Span {
                unit: "second",
                count: -59
            }
        );
        assert_eq!(
            span(-61),
            Span {
                unit: "minute",
                count: -1
            }
        );
        assert_eq!(
            span(3 * 86_400),
            Span {
                unit: "day",
                count: 3
            }
        );
        assert_eq!(
            span(0),
            Span {
                unit: "second",
                count: 0
            }
        );
    }

    #[test]
    fn durations_are_never_rounded() {
        for (seconds, expected) in [
            (14 * 86_400, ("day", 14)),
            (36 * 3_600, ("hour", 36)),
            (86_460, ("minute", 1_441)),
            (61, ("second", 61)),
        ] {
            assert_eq!(whole(seconds), expected);
        }
    }

    #[test]
    fn digests_are_cut_to_twelve_digits() {
        assert_eq!(
            short_digest("sha256:0123456789abcdef"),
            "sha256:0123456789ab"
        );
        assert_eq!(short_digest("sha256:01"), "sha256:01");
    }
}
