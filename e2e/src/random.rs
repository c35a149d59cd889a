//! Names that never meet and bytes that do not compress.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A short name that no other call of any test run gives out: a letter, then hexadecimal digits.
pub fn name(prefix: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!(
        "{prefix}{:06x}{number:02x}",
        number_from_system() & 0x00ff_ffff
    )
}

/// A secret of 64 hexadecimal digits.
pub fn secret() -> String {
    let [a, b, c, d] = [(); 4].map(|()| number_from_system());
    format!("{a:016x}{b:016x}{c:016x}{d:016x}")
}

/// The same bytes for the same seed, and others for another (`SplitMix64`).
pub fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The standard library seeds its hashers from the system's random numbers.
fn number_from_system() -> u64 {
    RandomState::new().build_hasher().finish()
}
