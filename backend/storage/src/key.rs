//! Keys of objects: `ab/` and 32 hex digits that start with `ab`, random, so that nobody can guess
//! one and no folder or bucket partition takes more than its share.

use berth_domain::{Error, Result};
use uuid::Uuid;

/// Length of every key.
const LENGTH: usize = 35;

/// A key that was never used.
pub(crate) fn fresh() -> String {
    let id = Uuid::new_v4().simple().to_string();
    format!("{}/{id}", &id[..2])
}

/// True for what [`fresh`] makes, so never for a path that leaves its folder.
pub(crate) fn is_valid(key: &str) -> bool {
    let hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    match key.as_bytes() {
        [a, b, b'/', id @ ..] => {
            key.len() == LENGTH && id.starts_with(&[*a, *b]) && id.iter().all(hex)
        }
        _ => false,
    }
}

/// The key, if it is one.
pub(crate) fn checked(key: &str) -> Result<&str> {
    if is_valid(key) {
        Ok(key)
    } else {
        Err(Error::internal(format!(
            "`{}` is not a storage key",
            key.escape_debug()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_keys_are_valid_and_differ() {
        let (one, two) = (fresh(), fresh());
        assert!(is_valid(&one) && is_valid(&two));
        assert_ne!(one, two);
    }

    #[test]
    fn paths_that_leave_the_folder_are_refused() {
        let id = "ab0123456789abcdef0123456789abcd";
        assert!(is_valid(&format!("ab/{id}")));
        for bad in [
            "",
            "/",
            "../../etc/passwd",
            "ab",
            "ab/",
            "ab/..",
            "/etc/passwd",
            id,
        ]
        .map(str::to_owned)
        .into_iter()
        .chain([
            format!("cd/{id}"),
            format!("ab/{id}/"),
            format!("ab/{id}0"),
            format!("AB/{id}"),
        ]) {
            assert!(!is_valid(&bad), "{bad}");
            assert!(checked(&bad).is_err(), "{bad}");
        }
    }
}
