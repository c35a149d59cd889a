//! Questions, asked by everybody about everything, and the table of what is answered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::caller::{Caller, Kind, Others, Target};
use crate::site::{Request, Seen, Site};

/// What is asked about a target, with a number that makes new names differ.
type Ask = Box<dyn Fn(&Target, u32) -> Request>;

/// A line of the table.
pub(crate) struct Question {
    /// As the table has it.
    pub(crate) name: String,
    /// What there is to ask about; the caller's own comes last, since the answer may end it.
    pub(crate) about: &'static [Kind],
    pub(crate) ask: Ask,
    /// An answer in a word.
    pub(crate) word: fn(&Seen) -> String,
    /// What of the caller's a success ends, which then is made anew.
    pub(crate) ends: Ends,
}

/// What a change ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    Nothing,
    /// Something that the caller has.
    Thing,
    /// The caller, or what it signs in with.
    Caller,
}

/// For what has no target.
pub(crate) const ONCE: &[Kind] = &[Kind::Own];
/// For what lies in no organization.
pub(crate) const THREE: &[Kind] = &[Kind::Hidden, Kind::Absent, Kind::Own];
/// For organizations and what they hold as a whole.
pub(crate) const WHOLE: &[Kind] = &[Kind::Hidden, Kind::Nowhere, Kind::Own];
/// For what lies in an organization.
pub(crate) const ALL: &[Kind] = &[Kind::Hidden, Kind::Absent, Kind::Nowhere, Kind::Own];

/// The status.
pub(crate) fn status(seen: &Seen) -> String {
    seen.status.to_string()
}

/// What is told of an answer, and the statements that it took.
type Told = (String, Vec<String>);

/// The first thing in which two answers differ.
fn difference(hidden: &Told, absent: &Told) -> String {
    if hidden.0 != absent.0 {
        return format!("  hidden: {}\n  absent: {}", hidden.0, absent.0);
    }
    let most = hidden.1.len().max(absent.1.len());
    let at = (0..most).find(|n| hidden.1.get(*n) != absent.1.get(*n));
    let sent = |told: &Told| at.and_then(|at| told.1.get(at).cloned());
    format!("  hidden: {:?}\n  absent: {:?}", sent(hidden), sent(absent))
}

/// Names of organizations, of users and of applications are no secret: what tells them apart from what is not
/// there, and for this reason alone.
const PUBLIC: &[&str] = &[
    "DELETE /api/v1/organization/{orgname}",
    "GET /api/v1/app/{client_id}",
    "GET /api/v1/organization/{orgname}",
    "GET /api/v1/users/{username}",
    "PUT /api/v1/organization/{orgname}",
    "POST /oauth/authorize/assignuser",
];

/// Asks everything of a site, and gives the table; fails where what is hidden can be told from what is absent.
pub(crate) async fn sweep(
    site: &mut Site,
    others: &mut Others,
    questions: Vec<Question>,
) -> String {
    let mut number = 1;
    let mut caller = Box::pin(Caller::new(site, others, number)).await;
    let (mut table, mut apart, mut count) = (String::new(), String::new(), 0);
    let mut told_apart = BTreeSet::new();
    let forms = caller.forms.len();
    let lines = questions.len();
    for question in questions {
        let mut answers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for form in 0..forms {
            let round = site.asked;
            let name = caller.forms[form].name;
            let mut words: Vec<String> = Vec::new();
            let mut hidden: Option<Told> = None;
            let mut ended = Ends::Nothing;
            for kind in question.about {
                let target = match kind {
                    Kind::Own => &mut caller.own,
                    Kind::Hidden => &mut others.hidden,
                    Kind::Absent => &mut others.absent,
                    Kind::Nowhere => &mut others.nowhere,
                };
                target.estate.round = round;
                let request = (question.ask)(target, round);
                let seen = site.ask(request, &caller.forms[form].headers).await;
                count += 1;
                assert!(seen.status < 500, "{} {name}: {}", question.name, seen.body);
                let word = (question.word)(&seen);
                if *kind == Kind::Own {
                    // The caller's own is the first column.
                    words.insert(0, word);
                    if seen.is_success() {
                        ended = question.ends;
                    }
                    continue;
                }
                words.push(word);
                let told = (seen.told(&target.names()), seen.statements);
                match &hidden {
                    None => hidden = Some(told),
                    Some(hidden) if *hidden == told => {}
                    Some(_) if PUBLIC.contains(&question.name.as_str()) => {
                        told_apart.insert(question.name.clone());
                    }
                    Some(hidden) => {
                        let _ = writeln!(apart, "{} with {name}:", question.name);
                        let _ = writeln!(apart, "{}", difference(hidden, &told));
                    }
                }
            }
            answers.entry(words.join(" ")).or_default().push(name);
            number += usize::from(ended != Ends::Nothing);
            match ended {
                Ends::Nothing => {}
                Ends::Thing => caller.renew(&site.t, number).await,
                Ends::Caller => caller = Box::pin(Caller::new(site, others, number)).await,
            }
        }
        let _ = writeln!(table, "{}", question.name);
        for (words, names) in answers {
            let _ = writeln!(table, "    {words}: {}", names.join(", "));
        }
    }
    assert!(
        apart.is_empty(),
        "what is hidden is told from what is absent:\n{apart}"
    );
    let stale: Vec<_> = PUBLIC
        .iter()
        .filter(|name| !told_apart.contains(**name))
        .collect();
    assert!(stale.is_empty(), "these tell nothing apart: {stale:?}");
    format!(
        "{count} requests: {lines} routes, operations, types and changes, by {forms} forms of credentials, at the own, \
         the hidden, the absent here and the absent elsewhere\n{table}"
    )
}
