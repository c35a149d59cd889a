//! What the system counts about a server's processes.

use std::path::Path;

/// Clock ticks in a second (`USER_HZ` of Linux).
const TICKS: f64 = 100.0;

/// A server: its process and the children of it.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    root: u32,
}

/// Counts since a server was started.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Seconds of processor time.
    pub(crate) cpu_s: f64,
    /// Bytes that it had written to storage.
    pub(crate) written_bytes: u64,
    /// Bytes that storage had to deliver.
    pub(crate) read_bytes: u64,
}

impl Process {
    pub(crate) const fn new(root: u32) -> Self {
        Self { root }
    }

    fn all(&self) -> Vec<u32> {
        let mut all = vec![self.root];
        let mut at = 0;
        while let Some(parent) = all.get(at).copied() {
            let path = format!("/proc/{parent}/task/{parent}/children");
            let children = std::fs::read_to_string(path).unwrap_or_default();
            all.extend(
                children
                    .split_whitespace()
                    .filter_map(|id| id.parse::<u32>().ok()),
            );
            at += 1;
        }
        all
    }

    /// What it used so far.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for id in self.all() {
            let folder = format!("/proc/{id}");
            let folder = Path::new(&folder);
            let stat = std::fs::read_to_string(folder.join("stat")).unwrap_or_default();
            // Fields behind the name, which may hold anything, even spaces.
            let fields: Vec<&str> = stat
                .rsplit(')')
                .next()
                .unwrap_or("")
                .split_whitespace()
                .collect();
            for place in [11, 12] {
                let ticks: f64 = fields
                    .get(place)
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(0.0);
                counts.cpu_s += ticks / TICKS;
            }
            let io = std::fs::read_to_string(folder.join("io")).unwrap_or_default();
            counts.written_bytes += field(&io, "write_bytes:");
            counts.read_bytes += field(&io, "read_bytes:");
        }
        counts
    }

    /// Memory that it holds now (resident, shared pages included).
    pub(crate) fn memory_bytes(&self) -> u64 {
        let held = self.all().into_iter().map(|id| {
            let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            field(&status, "VmRSS:") * 1024
        });
        held.sum()
    }
}

impl Counts {
    /// What was used since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            cpu_s: self.cpu_s - before.cpu_s,
            written_bytes: self.written_bytes.saturating_sub(before.written_bytes),
            read_bytes: self.read_bytes.saturating_sub(before.read_bytes),
        }
    }
}

fn field(text: &str, name: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}
