//! Inputs that differ by chance from those of a corpus.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// Longest input, as libFuzzer has it.
const LENGTH_MAX: usize = 4096;
/// Changes of one input, at most.
const CHANGES_MAX: u32 = 4;
/// Bytes that parsers look for.
const MARKS: &[u8] = b"\0\t\r\n \"%&'+,-./0:;<=>?@[\\]_{}\x7f\xc3\xff";

/// A source of inputs.
pub(crate) struct Chance<'a> {
    random: StdRng,
    corpus: &'a [Vec<u8>],
}

impl<'a> Chance<'a> {
    pub(crate) fn new(corpus: &'a [Vec<u8>]) -> Self {
        Self {
            random: StdRng::from_os_rng(),
            corpus,
        }
    }

    /// One of the corpus, changed in some places.
    pub(crate) fn next_input(&mut self) -> Vec<u8> {
        let mut bytes = self.kept().to_vec();
        for _ in 0..self.random.random_range(1..=CHANGES_MAX) {
            self.change(&mut bytes);
        }
        bytes.truncate(LENGTH_MAX);
        bytes
    }

    fn kept(&mut self) -> &'a [u8] {
        self.corpus.choose(&mut self.random).expect("a corpus")
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let from = self.random.random_range(0..=bytes.len());
        let to = self
            .random
            .random_range(from..=bytes.len().min(from.saturating_add(16)));
        match self.random.random_range(0..5) {
            0 => {
                if let Some(byte) = bytes.get_mut(from) {
                    *byte ^= 1 << self.random.random_range(0..8);
                }
            }
            1 => bytes.insert(from, *MARKS.choose(&mut self.random).expect("marks")),
            2 => drop(bytes.drain(from..to)),
            3 => bytes.extend_from_within(from..to),
            _ => {
                // The beginning of this and the end of another.
                let other = self.kept();
                bytes.truncate(from);
                bytes.extend(&other[self.random.random_range(0..=other.len())..]);
            }
        }
    }
}
