//! Figures of a row, and what was aimed at.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::servers::Kind;
use crate::stats::Spread;

/// A measured quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Metric {
    /// As the table names it, with its unit.
    pub(crate) name: &'static str,
    /// Digits behind the point.
    pub(crate) digits: usize,
}

/// What a round of one contender gave.
pub(crate) type Figures = Vec<(Metric, f64)>;

/// All rounds of all contenders.
#[derive(Debug, Default)]
pub(crate) struct Table {
    kinds: Vec<Kind>,
    metrics: Vec<Metric>,
    figures: BTreeMap<(usize, usize), Vec<f64>>,
}

/// A figure against its aim.
#[derive(Debug)]
pub(crate) struct Aim {
    /// What is compared.
    what: String,
    is: f64,
    should_be: Bound,
}

/// The side on which a figure is to lie.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Table {
    pub(crate) fn add(&mut self, kind: Kind, figures: Figures) {
        let column = place(&mut self.kinds, kind);
        for (metric, value) in figures {
            let row = place(&mut self.metrics, metric);
            self.figures.entry((row, column)).or_default().push(value);
        }
    }

    /// Takes in what was measured apart.
    pub(crate) fn extend(&mut self, other: Self) {
        for ((row, column), figures) in other.figures {
            for figure in figures {
                self.add(other.kinds[column], vec![(other.metrics[row], figure)]);
            }
        }
    }

    /// The median of a metric; nothing where that contender was not measured.
    pub(crate) fn median(&self, kind: Kind, metric: Metric) -> Option<f64> {
        let row = self.metrics.iter().position(|known| *known == metric)?;
        let column = self.kinds.iter().position(|known| *known == kind)?;
        let figures = self.figures.get(&(row, column))?;
        Some(Spread::of(figures.clone()).median)
    }

    /// The better of the two other registries.
    pub(crate) fn best_registry(&self, metric: Metric) -> Option<f64> {
        let others = [Kind::DockerRegistry, Kind::Distribution];
        let figures = others.iter().filter_map(|kind| self.median(*kind, metric));
        figures.max_by(f64::total_cmp)
    }

    /// Kinds of Berth that were measured.
    pub(crate) fn berths(&self) -> impl Iterator<Item = Kind> {
        self.kinds.iter().copied().filter(|kind| kind.is_berth())
    }

    /// Aims for each kind of Berth: its figure against another one.
    pub(crate) fn ratios(
        &self,
        what: &str,
        metric: Metric,
        against: Option<f64>,
        should_be: Bound,
    ) -> Vec<Aim> {
        let Some(against) = against else {
            return Vec::new();
        };
        self.berths()
            .filter_map(|kind| {
                Some(Aim {
                    what: format!("{}: {what}", kind.name()),
                    is: self.median(kind, metric)? / against,
                    should_be,
                })
            })
            .collect()
    }

    fn markdown(&self) -> String {
        let mut text = String::from("| |");
        for kind in &self.kinds {
            let _ = write!(text, " {} |", kind.name());
        }
        text.push_str("\n|---|");
        text.push_str(&"---|".repeat(self.kinds.len()));
        text.push('\n');
        for (row, metric) in self.metrics.iter().enumerate() {
            let _ = write!(text, "| {} |", metric.name);
            for column in 0..self.kinds.len() {
                match self.figures.get(&(row, column)) {
                    Some(figures) => {
                        let spread = Spread::of(figures.clone());
                        let _ = write!(
                            text,
                            " {:.*} ± {:.0} % |",
                            metric.digits,
                            spread.median,
                            spread.percent()
                        );
                    }
                    None => text.push_str(" |"),
                }
            }
            text.push('\n');
        }
        text
    }
}

impl Aim {
    fn is_met(&self) -> bool {
        match self.should_be {
            Bound::AtLeast(aim) => self.is >= aim,
            Bound::AtMost(aim) => self.is <= aim,
        }
    }
}

/// Prints a row as the document shows it.
#[expect(clippy::print_stdout, reason = "this is the output of the command")]
pub(crate) fn print(title: &str, table: &Table, aims: &[Aim]) {
    println!("\n### {title}\n\n{}", table.markdown());
    if aims.is_empty() {
        return;
    }
    println!("| aim | is | should be | |\n|---|---|---|---|");
    for aim in aims {
        let (sign, bound) = match aim.should_be {
            Bound::AtLeast(bound) => ("≥", bound),
            Bound::AtMost(bound) => ("≤", bound),
        };
        let verdict = if aim.is_met() { "met" } else { "missed" };
        println!(
            "| {} | {:.2} | {sign} {bound} | {verdict} |",
            aim.what, aim.is
        );
    }
}

fn place<T: PartialEq>(all: &mut Vec<T>, item: T) -> usize {
    let found = all.iter().position(|known| *known == item);
    found.unwrap_or_else(|| {
        all.push(item);
        all.len() - 1
    })
}
