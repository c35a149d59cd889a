//! Randomness of the operating system.

/// Fills an array.
///
/// Panics where the operating system gives no random bytes: nothing secret can be made then, and
/// going on with less would be worse than stopping.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A string of `length` characters, each equally likely to be any of `alphabet` (ASCII).
pub(crate) fn string(alphabet: &[u8], length: usize) -> String {
    debug_assert!(alphabet.is_ascii() && (2..=256).contains(&alphabet.len()));
    // Bytes at or above the largest multiple of the alphabet would favour its first characters.
    let fair = 256 - 256 % alphabet.len();
    let mut string = String::with_capacity(length);
    while string.len() < length {
        for byte in bytes::<64>().map(usize::from) {
            if byte < fair && string.len() < length {
                string.push(char::from(alphabet[byte % alphabet.len()]));
            }
        }
    }
    string
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_of_the_alphabet_turns_up_about_equally_often() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let sample = string(alphabet, 36_000);
        for &wanted in alphabet {
            let count = sample.bytes().filter(|&byte| byte == wanted).count();
            // 1000 is the mean and 31 the deviation, so this fails once in a trillion runs.
            assert!(
                (750..=1250).contains(&count),
                "{wanted} turned up {count} times"
            );
        }
    }
}
