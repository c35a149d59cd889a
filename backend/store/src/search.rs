//! What a text finds of what somebody may see: a statement for each kind of thing.
//!
//! The table `search_parts` has every name from each of its characters on, so what is found is a range of an index,
//! wherever in the name the text stands. Each way to see things has an index of its own beginning: whose they are, or
//! whether they are public. So what is hidden is not even read, takes no place of what is seen, and costs no time.
//! Of each way to see and each way to match the first [`WINDOW`] are looked at, by what follows the text.

use std::fmt::Write;

use berth_domain::{AccountId, Result, SearchKind, Timestamp};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text as SqlText};

use crate::conn::Conn;
use crate::repositories::listing::{administered_organizations, repositories_with_role};
use crate::sql::{beyond, contains, load};

/// So many matches of one way to see things and of one way to match are looked at; a longer text finds the others.
pub const WINDOW: i64 = 200;
/// So many words of a text count.
pub const WORDS_MAX: usize = 8;
/// Longest text that is looked for, in characters: a path is no longer.
pub const TEXT_MAX: usize = 511;
/// Characters of a part in the index.
const PART_MAX: usize = 24;

/// What is looked for: words that all have to be found, or one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    whole: String,
    words: Vec<String>,
}

impl Text {
    /// Reads what somebody has typed. ASCII letters are alike in both cases, others are what they are.
    /// None for what finds nothing: no word, a text longer than anything is called, the character NUL.
    pub fn new(typed: &str) -> Option<Self> {
        let whole = typed.trim().to_ascii_lowercase();
        if whole.contains('\0') || whole.chars().count() > TEXT_MAX {
            return None;
        }
        let words = whole.split_whitespace().take(WORDS_MAX);
        let words: Vec<String> = words.map(str::to_owned).collect();
        (!words.is_empty()).then_some(Self { whole, words })
    }

    /// A namespace, and the beginning of a name in it.
    fn path(&self, separator: char) -> Option<(&str, &str)> {
        match &self.words[..] {
            [word] => word.split_once(separator),
            _ => None,
        }
    }
}

/// How a text is found, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Closeness {
    /// It is the name, or the path.
    Exact,
    /// The name begins with it.
    Beginning,
    /// It is in the name.
    Inside,
    /// A word of the description begins with it.
    Description,
}

impl Closeness {
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [
        Self::Exact,
        Self::Beginning,
        Self::Inside,
        Self::Description,
    ];

    fn number(self) -> usize {
        let place = Self::ALL.iter().position(|known| *known == self);
        place.unwrap_or_default()
    }
}

/// Whose things somebody may find. What is not said is not seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sight {
    /// All there are.
    pub everything: bool,
    /// Public ones, and the namespaces that they lie in.
    pub public: bool,
    /// Those in the namespace of this account, and the namespace.
    pub own: Option<AccountId>,
    /// The same of organizations that teams of administrators make this account's.
    pub administered_by: Option<AccountId>,
    /// The same of organizations of which this account is in a team.
    pub of_member: Option<AccountId>,
    /// Repositories in which this account or a team of it has a role, and the namespaces that they lie in.
    pub with_role_of: Option<AccountId>,
    /// This robot itself.
    pub itself: Option<AccountId>,
}

impl Sight {
    /// The namespaces that are seen, as a query.
    fn namespaces(&self) -> Option<String> {
        let own = self.own.map(|id| format!("select {id}"));
        let administered = self.administered_by.map(administered_organizations);
        let of_member = self.of_member.map(|id| {
            format!(
                "select t.namespace_id from teams t join team_members m on m.team_id = t.id \
                 where m.account_id = {id}"
            )
        });
        union([own, administered, of_member])
    }

    /// Where namespaces lie that are seen for what is in them, as a query.
    fn around(&self) -> Option<String> {
        let roles = self.with_role_of?;
        let roles = repositories_with_role(roles, false);
        Some(format!(
            "select r.namespace_id from repositories r where r.id in ({roles}) and r.deleting_at is null"
        ))
    }
}

fn union<const N: usize>(queries: [Option<String>; N]) -> Option<String> {
    let queries: Vec<String> = queries.into_iter().flatten().collect();
    (!queries.is_empty()).then(|| queries.join(" union "))
}

/// A match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Row id of what was found.
    pub id: i64,
    /// How.
    pub closeness: Closeness,
    /// Latest push to a repository; the beginning of time for everything else.
    pub pushed_at: Timestamp,
    /// Its name, of a robot the short one.
    pub name: String,
}

/// Where a list of matches begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At the first that is found no better than this.
    At(Closeness),
    /// Behind a match.
    Behind(Found),
}

/// What a kind of thing is in a statement.
struct Subject {
    /// The table `r` that has it.
    table: &'static str,
    /// Its key there.
    key: &'static str,
    /// Its name there.
    name: &'static str,
    /// What stands between the namespace and the name in a path.
    separator: Option<char>,
    /// Minus the latest push.
    late: &'static str,
    /// The table and the row that say whether what a part `s` names is being removed.
    removed: (&'static str, &'static str),
}

const fn subject(kind: SearchKind) -> Subject {
    match kind {
        SearchKind::Repository => Subject {
            table: "repositories",
            key: "id",
            name: "name",
            separator: Some('/'),
            late: "-coalesce(r.last_pushed_at, 0)",
            removed: ("repositories", "subject_id"),
        },
        SearchKind::Robot => Subject {
            table: "robot_profiles",
            key: "account_id",
            name: "short_name",
            separator: Some('+'),
            late: "cast(0 as bigint)",
            removed: ("accounts", "subject_id"),
        },
        SearchKind::Team => Subject {
            table: "teams",
            key: "id",
            name: "name",
            separator: None,
            late: "cast(0 as bigint)",
            removed: ("accounts", "namespace_id"),
        },
        SearchKind::User | SearchKind::Organization => Subject {
            table: "accounts",
            key: "id",
            name: "name",
            separator: None,
            late: "cast(0 as bigint)",
            removed: ("accounts", "subject_id"),
        },
    }
}

/// A statement in the making. Texts are bound in the order in which they stand in it.
struct Statement<'a> {
    kind: SearchKind,
    subject: Subject,
    is_postgres: bool,
    text: &'a Text,
    binds: Vec<String>,
    /// Bounds of the parts that each word is at the beginning of.
    bounds: Vec<(String, String)>,
}

impl<'a> Statement<'a> {
    fn new(kind: SearchKind, text: &'a Text, is_postgres: bool) -> Self {
        let mut statement = Self {
            kind,
            subject: subject(kind),
            is_postgres,
            text,
            binds: Vec::new(),
            bounds: Vec::new(),
        };
        for word in &text.words {
            let least: String = word.chars().take(PART_MAX).collect();
            let bounds = (statement.bind(&least), statement.bind(beyond(&least)));
            statement.bounds.push(bounds);
        }
        statement
    }

    fn bind(&mut self, text: impl Into<String>) -> String {
        self.binds.push(text.into());
        format!("${}", self.binds.len())
    }

    /// The condition on a part `s` of this rank. Subqueries with one value stay what they are: a planner that made
    /// joins of them might read whole tables.
    fn matches(&self, rank: i64) -> String {
        let kind = self.kind;
        let mut words = self.bounds.iter();
        let Some((least, most)) = words.next() else {
            return "1 = 0".to_owned();
        };
        let (table, row) = self.subject.removed;
        let mut condition = format!(
            "s.kind = '{kind}' and s.rank = {rank} and s.part >= {least} and s.part < {most} \
             and (select l.id from {table} l where l.id = s.{row} and l.deleting_at is null) is not null"
        );
        for (least, most) in words {
            let _ = write!(
                condition,
                " and (select w.subject_id from search_parts w where w.kind = '{kind}' \
                 and w.subject_id = s.subject_id and w.rank in (0, 1, 2) and w.part >= {least} and w.part < {most} \
                 limit 1) is not null"
            );
        }
        condition
    }

    /// The first parts of a rank for which a condition holds.
    fn first_parts(&self, rank: i64, condition: &str) -> String {
        let matches = self.matches(rank);
        format!(
            "select s.subject_id as id from search_parts s where {matches}{condition} \
             order by s.part, s.subject_id limit {WINDOW}"
        )
    }

    /// What is seen because it is public, or because all is seen.
    fn of_all(&self, rank: i64, is_public: bool) -> String {
        let parts = self.first_parts(rank, &format!(" and s.is_public = {is_public}"));
        format!("select f.id as id, {rank} as rank from ({parts}) as f")
    }

    /// What is seen in the namespaces `own`. Of each no more than a window is read, which PostgreSQL and SQLite want to
    /// be told in different words.
    fn in_namespaces(&self, rank: i64) -> String {
        let parts = self.first_parts(rank, " and s.namespace_id = n.id");
        if self.is_postgres {
            return format!(
                "select f.id as id, {rank} as rank from own n cross join lateral ({parts}) as f"
            );
        }
        let Subject { table, key, .. } = self.subject;
        format!(
            "select t.{key} as id, {rank} as rank from own n cross join {table} t where t.{key} in ({parts})"
        )
    }

    /// What is seen by itself, one of `seen`.
    fn by_itself(&self, rank: i64) -> String {
        let parts = format!(
            "select s.subject_id as id from search_parts s where {} and s.subject_id = p.id",
            self.matches(rank)
        );
        if self.is_postgres {
            return format!(
                "select f.id as id, {rank} as rank from seen p cross join lateral ({parts} limit 1) as f"
            );
        }
        let parts = parts.replacen(
            "from search_parts s",
            "from seen p cross join search_parts s",
            1,
        );
        format!("select f.id as id, {rank} as rank from ({parts}) as f")
    }
}

/// A way to see things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Hidden,
    Public,
    Namespaces,
    Itself,
}

impl Statement<'_> {
    /// What is seen in one way.
    fn seen(&self, way: Way) -> Vec<String> {
        let ranks = if self.kind == SearchKind::Repository {
            0..=2
        } else {
            0..=1
        };
        ranks
            .map(|rank| match way {
                Way::Hidden => self.of_all(rank, false),
                Way::Public => self.of_all(rank, true),
                Way::Namespaces => self.in_namespaces(rank),
                Way::Itself => self.by_itself(rank),
            })
            .collect()
    }

    /// What begins with the rest of a path in the namespace that the path begins with, for each way to see it.
    fn by_path(&mut self, ways: &[Way]) -> Vec<String> {
        let (text, separator) = (self.text, self.subject.separator);
        let Some((before, behind)) = separator.and_then(|sign| text.path(sign)) else {
            return Vec::new();
        };
        let (namespace, least) = (self.bind(before), self.bind(behind));
        let most = self.bind(beyond(behind));
        let Subject {
            table, key, name, ..
        } = self.subject;
        let is_repository = self.kind == SearchKind::Repository;
        let removed = if is_repository {
            "t.deleting_at is null".to_owned()
        } else {
            format!(
                "(select l.id from accounts l where l.id = t.{key} and l.deleting_at is null) is not null"
            )
        };
        let named = format!(
            "t.namespace_id = (select a.id from accounts a where a.name = {namespace} and a.deleting_at is null) \
             and t.{name} >= {least} and t.{name} < {most} and {removed}"
        );
        let page = |condition: &str| {
            format!(
                "select f.id as id, 0 as rank from (select t.{key} as id from {table} t where {named}{condition} \
                 order by t.{name} limit {WINDOW}) as f"
            )
        };
        let one = |way: &Way| match way {
            Way::Hidden => Some(page("")),
            // All of them are there already.
            Way::Public if ways.contains(&Way::Hidden) || !is_repository => None,
            Way::Public => Some(page(" and t.visibility = 'public'")),
            Way::Namespaces => Some(page(" and t.namespace_id in (select id from own)")),
            Way::Itself if self.is_postgres => Some(format!(
                "select f.id as id, 0 as rank from seen p cross join lateral \
                 (select t.{key} as id from {table} t where t.{key} = p.id and {named} limit 1) as f"
            )),
            Way::Itself => Some(format!(
                "select t.{key} as id, 0 as rank from seen p cross join {table} t where t.{key} = p.id and {named}"
            )),
        };
        ways.iter().filter_map(one).collect()
    }

    /// Every match with its place in the order.
    fn placed(&mut self) -> String {
        let text = self.text;
        let whole = self.bind(&text.whole);
        let Subject {
            table,
            key,
            name,
            separator,
            late,
            ..
        } = self.subject;
        let path = match separator {
            Some(sign) => format!("n.name || '{sign}' || r.{name}"),
            None => format!("r.{name}"),
        };
        let (beside, joined) = match (separator, self.is_postgres) {
            (None, _) => ("", ""),
            (Some(_), true) => (" join accounts n on n.id = r.namespace_id", ""),
            (Some(_), false) => (" cross join accounts n", " and n.id = r.namespace_id"),
        };
        let columns = format!("r.{name} as name, {path} as path, {late} as late");
        let from = if self.is_postgres {
            format!(
                "c.id as id, c.rank as rank, x.name as name, x.path as path, x.late as late from found c cross join lateral \
                 (select {columns} from {table} r{beside} where r.{key} = c.id limit 1) as x"
            )
        } else {
            format!(
                "c.id as id, c.rank as rank, {columns} from found c cross join {table} r{beside} where r.{key} = c.id{joined}"
            )
        };
        // A word that is longer than a part is looked for in what was found.
        let mut long = String::new();
        for word in &text.words {
            if word.chars().count() > PART_MAX {
                let pattern = self.bind(contains(word));
                let _ = write!(long, " and path like {pattern} escape '\\'");
            }
        }
        format!(
            "select id, cast(case when name = {whole} or path = {whole} then 0 else rank + 1 end as bigint) as class, \
             late, name from (select {from}) as y where 1 = 1{long}"
        )
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    class: i64,
    #[diesel(sql_type = BigInt)]
    late: i64,
    #[diesel(sql_type = SqlText)]
    name: String,
}

impl From<Row> for Found {
    fn from(row: Row) -> Self {
        let class = usize::try_from(row.class).unwrap_or(usize::MAX);
        Self {
            id: row.id,
            closeness: Closeness::ALL
                .get(class)
                .copied()
                .unwrap_or(Closeness::Description),
            pushed_at: Timestamp(-row.late),
            name: row.name,
        }
    }
}

/// At most `limit` things of a kind that are seen and found, the closest first, then the latest pushed, then by name.
pub async fn page(
    conn: &mut Conn,
    kind: SearchKind,
    sight: &Sight,
    text: &Text,
    start: &Start,
    limit: i64,
) -> Result<Vec<Found>> {
    let is_namespace = matches!(kind, SearchKind::User | SearchKind::Organization);
    // Namespaces lie in none: each is seen by itself.
    let itself = sight.itself.map(|id| format!("select {id}"));
    let (own, seen) = match kind {
        SearchKind::User | SearchKind::Organization => {
            (None, union([sight.namespaces(), sight.around()]))
        }
        SearchKind::Repository => {
            let roles = sight
                .with_role_of
                .map(|id| repositories_with_role(id, false));
            (sight.namespaces(), roles)
        }
        SearchKind::Team | SearchKind::Robot => (sight.namespaces(), itself),
    };
    let has_public = is_namespace || kind == SearchKind::Repository;
    let (mut ways, mut named) = (Vec::new(), Vec::new());
    if sight.everything {
        ways.push(Way::Hidden);
        if has_public {
            ways.push(Way::Public);
        }
    } else {
        if sight.public && has_public {
            ways.push(Way::Public);
        }
        if let Some(own) = own {
            ways.push(Way::Namespaces);
            named.push(format!("own(id) as materialized ({own})"));
        }
        if let Some(seen) = seen {
            ways.push(Way::Itself);
            named.push(format!("seen(id) as materialized ({seen})"));
        }
    }
    if ways.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = Statement::new(kind, text, matches!(conn, Conn::Pg(_)));
    let mut parts: Vec<String> = ways.iter().flat_map(|way| statement.seen(*way)).collect();
    parts.extend(statement.by_path(&ways));
    let parts = parts.join(" union all ");
    named.push(format!(
        "found(id, rank) as materialized (select id, min(rank) from ({parts}) as u group by id)"
    ));
    let placed = statement.placed();
    let behind = match start {
        Start::At(closeness) => format!("class >= {}", closeness.number()),
        Start::Behind(found) => {
            let Found {
                id,
                closeness,
                pushed_at: Timestamp(at),
                name,
            } = found;
            let (class, name) = (closeness.number(), statement.bind(name));
            format!("(class, late, name, id) > ({class}, {}, {name}, {id})", -at)
        }
    };
    let sql = format!(
        "with {} select id, class, late, name from ({placed}) as z where {behind} \
         order by class, late, name, id limit {limit}",
        named.join(", ")
    );
    let rows: Vec<Row> = load(conn, &sql, &statement.binds).await?;
    Ok(rows.into_iter().map(Found::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_words_in_lower_case_or_nothing() {
        let words = |typed: &str| Text::new(typed).map(|text| text.words);
        assert_eq!(words(" Web  APP\t"), Some(vec!["web".into(), "app".into()]));
        assert_eq!(words("ÄB%_"), Some(vec!["Äb%_".into()]));
        for nothing in ["", "   ", "a\0b"] {
            assert_eq!(words(nothing), None, "{nothing:?}");
        }
        assert!(words(&"x".repeat(TEXT_MAX)).is_some());
        assert_eq!(words(&"x".repeat(TEXT_MAX + 1)), None);
        assert_eq!(
            words(&"a ".repeat(20)).map(|words| words.len()),
            Some(WORDS_MAX)
        );
    }

    #[test]
    fn a_path_is_one_word() {
        let path = |typed: &str| {
            let text = Text::new(typed)?;
            text.path('/').map(|(a, b)| (a.to_owned(), b.to_owned()))
        };
        assert_eq!(
            path("acme/web/app"),
            Some(("acme".into(), "web/app".into()))
        );
        assert_eq!(path("acme/"), Some(("acme".into(), String::new())));
        assert_eq!(path("acme"), None);
        assert_eq!(path("acme/app now"), None);
    }
}
