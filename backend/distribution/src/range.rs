//! `Range` of a blob read and `Content-Range` of an upload's chunk.

use std::ops::Range;

use berth_domain::{Error, Result};

/// What a client wants of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Whole,
    /// These bytes; the end is exclusive and inside the blob.
    Part(Range<u64>),
    /// Bytes that it does not have.
    Nothing,
}

/// Reads a `Range` header against a blob of `size_bytes`. Several ranges, another unit and what is
/// not a range at all are ignored, as HTTP allows.
pub fn wanted(header: Option<&str>, size_bytes: u64) -> Wanted {
    let Some((first, last)) = header
        .and_then(|text| text.trim().strip_prefix("bytes="))
        .and_then(|set| set.split_once('-'))
        .map(|(first, last)| (first.trim(), last.trim()))
    else {
        return Wanted::Whole;
    };
    let part = match (first.is_empty(), last.is_empty()) {
        (true, true) => return Wanted::Whole,
        (true, false) => number(last).map(|n| size_bytes.saturating_sub(n)..size_bytes),
        (false, true) => number(first).map(|a| a..size_bytes),
        (false, false) => number(first)
            .zip(number(last))
            .map(|(a, b)| a..b.saturating_add(1).min(size_bytes)),
    };
    match part {
        None => Wanted::Whole,
        Some(part) if part.start < part.end => Wanted::Part(part),
        Some(_) => Wanted::Nothing,
    }
}

/// First and last byte of a chunk, inclusive: `<first>-<last>` without unit and total, as the
/// distribution-spec has it.
///
/// # Errors
/// An invalid value for any other form.
pub fn chunk(header: &str) -> Result<(u64, u64)> {
    header
        .split_once('-')
        .and_then(|(first, last)| number(first).zip(number(last)))
        .filter(|(first, last)| first <= last)
        .ok_or_else(|| {
            Error::invalid_value("`Content-Range` of a chunk is written `<first byte>-<last byte>`")
                .in_field("Content-Range")
        })
}

/// How far an upload is, in the form of its `Range` header. There is no way to write that nothing
/// has come, so that looks like one byte.
pub fn received(offset_bytes: u64) -> String {
    format!("0-{}", offset_bytes.saturating_sub(1))
}

/// Digits only, unlike `u64::from_str`, which takes a plus sign. More than fits is the largest.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_range_of_bytes_is_served() {
        for (header, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=2-5", 2..6),
            ("bytes=2-", 2..10),
            ("bytes=-3", 7..10),
            ("bytes=-30", 0..10),
            ("bytes=5-99", 5..10),
            ("bytes=5-99999999999999999999999", 5..10),
        ] {
            assert_eq!(wanted(Some(header), 10), Wanted::Part(part), "{header}");
        }
    }

    #[test]
    fn bytes_that_are_not_there_are_refused() {
        for header in ["bytes=10-", "bytes=10-12", "bytes=5-4", "bytes=-0"] {
            assert_eq!(wanted(Some(header), 10), Wanted::Nothing, "{header}");
        }
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Nothing);
    }

    #[test]
    fn other_ranges_are_ignored() {
        for header in [
            "bytes=0-1,3-4",
            "lines=1-2",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes",
            "bytes=+1-2",
        ] {
            assert_eq!(wanted(Some(header), 10), Wanted::Whole, "{header}");
        }
        assert_eq!(wanted(None, 10), Wanted::Whole);
    }

    #[test]
    fn a_chunk_is_two_numbers_and_nothing_else() {
        assert_eq!(chunk("0-9").unwrap(), (0, 9));
        assert_eq!(chunk("10-10").unwrap(), (10, 10));
        for header in [
            "",
            "-",
            "5",
            "9-0",
            "bytes=0-9",
            "bytes 0-9/10",
            "0-9/10",
            " 0-9",
            "+0-9",
            "a-b",
        ] {
            assert!(chunk(header).is_err(), "{header}");
        }
    }

    #[test]
    fn an_empty_upload_shows_as_zero() {
        assert_eq!(
            [received(0), received(1), received(10)],
            ["0-0", "0-0", "0-9"]
        );
    }

    proptest! {
        #[test]
        fn a_part_is_never_empty_and_never_beyond_the_end(header: String, a: u64, b: u64, size: u64) {
            let _ = chunk(&header);
            for header in [header, format!("bytes={a}-{b}"), format!("bytes={a}-"), format!("bytes=-{b}")] {
                if let Wanted::Part(part) = wanted(Some(&header), size) {
                    prop_assert!(part.start < part.end && part.end <= size);
                }
            }
        }
    }
}
