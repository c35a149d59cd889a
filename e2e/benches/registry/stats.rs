//! Medians and percentiles.

use std::time::Duration;

/// The middle of some figures, and how far the outermost lie apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    low: f64,
    high: f64,
}

impl Spread {
    /// Of at least one figure.
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        Self {
            median: figures[figures.len() / 2],
            low: figures[0],
            high: figures[figures.len() - 1],
        }
    }

    /// Half of the way between the outermost, in per cent of the median.
    pub(crate) fn percent(&self) -> f64 {
        if self.median == 0.0 {
            return 0.0;
        }
        (self.high - self.low) / 2.0 / self.median * 100.0
    }
}

/// The duration below which this share of them lies.
pub(crate) fn percentile(durations: &mut [Duration], share: f64) -> Duration {
    durations.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a list of measurements"
    )]
    let at = ((durations.len() as f64 * share) as usize).min(durations.len().saturating_sub(1));
    durations.get(at).copied().unwrap_or_default()
}
