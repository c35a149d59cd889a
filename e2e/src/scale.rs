//! A registry of any size: rows around an image that is there already, written in sets.

use std::fmt;
use std::path::Path;

use rusqlite::functions::FunctionFlags;
use tokio_postgres::NoTls;

use crate::image;

/// Repositories of one organization.
const REPOSITORIES_EACH: u32 = 100;
/// Tags of a repository, all of one image.
const TAGS_EACH: u32 = 10;
/// Images behind the tags of the large repository.
const IMAGES: u32 = 1_000;
/// The organization whose repository has the most tags. Another fill would meet its name, and is refused.
pub const LARGE_ORGANIZATION: &str = "scale";
/// That repository.
pub const LARGE_REPOSITORY: &str = "scale/tags";

/// How much there is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Repositories with ten tags each, a hundred to an organization; every other one is public, and
    /// the reader may pull every third.
    pub repositories: u32,
    /// Tags of [`LARGE_REPOSITORY`].
    pub tags: u32,
    /// Robots of [`LARGE_ORGANIZATION`], which all log in with the token of the first robot there is; none where there is none.
    pub robots: u32,
    /// Teams of that organization, among which the robots are spread. Beside these each other organization has a team
    /// `developers` with the reader in it, which writes to every other repository.
    pub teams: u32,
}

impl Scale {
    /// As many tags in the large repository as in all others together, and a tenth and a hundredth as many robots and
    /// teams as repositories.
    pub fn of(repositories: u32) -> Self {
        Self {
            repositories,
            tags: repositories.saturating_mul(TAGS_EACH),
            robots: repositories / 10,
            teams: repositories / 100,
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            repositories,
            tags,
            robots,
            teams,
        } = self;
        let organizations = repositories.div_ceil(REPOSITORIES_EACH);
        write!(
            f,
            "{organizations} organizations with {repositories} repositories of {TAGS_EACH} tags, and {LARGE_REPOSITORY} with \
             {tags}; {LARGE_ORGANIZATION} with up to {robots} robots in {teams} teams"
        )
    }
}

/// Fills a registry: the file of an SQLite database, or the URL of a PostgreSQL one. Its first user administers what
/// is made, its second, if there is one, reads. The registry must hold an image.
///
/// # Errors
/// What the database says, or what is missing, for a person.
pub async fn fill(database: &str, scale: Scale) -> Result<(), String> {
    let mut target = Target::open(database).await?;
    let user = "select cast(min(id) as text) from accounts where kind = 'user'";
    let owner = target
        .text(user)
        .await?
        .ok_or("the registry has no user: set it up first")?;
    let readers = format!("{user} and id > {owner}");
    let reader = target.text(&readers).await?.unwrap_or(owner.clone());
    let image = format!(
        "select cast(min(m.id) as text) from manifests m where m.media_type = '{}' and m.annotations = '{{}}' \
         and m.subject_digest is null and m.deleted_at is null \
         and exists (select 1 from manifest_blobs b where b.manifest_id = m.id)",
        image::MANIFEST
    );
    let image = target.text(&image).await?.ok_or(
        "the registry holds no image to go by: push one without annotations, or start it with `--demo`",
    )?;
    let taken = format!("select name from accounts where name = '{LARGE_ORGANIZATION}'");
    if target.text(&taken).await?.is_some() {
        return Err(format!(
            "there is an organization `{LARGE_ORGANIZATION}`: the registry was filled before"
        ));
    }
    let mut statements = statements(&target, scale, &owner, &reader, &image);
    statements.extend(teams(&target, scale, &reader));
    let robot = "select cast(min(account_id) as text) from robot_profiles";
    if let Some(robot) = target.text(robot).await? {
        statements.extend(robots(&target, scale, &robot));
    }
    target.run(&statements).await
}

/// Everything that is written, in order. Counted rows are `n`, with `i` from 1.
fn statements(
    target: &Target,
    Scale {
        repositories, tags, ..
    }: Scale,
    owner: &str,
    reader: &str,
    image: &str,
) -> Vec<String> {
    let organizations = repositories.div_ceil(REPOSITORIES_EACH);
    let now = target.now();
    let digits = digits("i");
    // The image with a version of its own.
    let original = target.as_text("o.body");
    let body = |version: &str| {
        format!(
            "substr({original}, 1, length({original}) - 1) || \
             ',\"annotations\":{{\"org.opencontainers.image.version\":\"' || {version} || '\"}}}}'"
        )
    };
    let manifests = |numbers: &str, from: &str, version: &str| {
        let body = body(version);
        format!(
            "{numbers} insert into manifests (repository_id, digest, media_type, body, size_bytes, content_bytes, \
             annotations, os, architecture, variant, created_at) \
             select r.id, {digest}, o.media_type, {bytes}, length({body}), o.content_bytes, \
             '{{\"org.opencontainers.image.version\":\"' || {version} || '\"}}', o.os, o.architecture, o.variant, {now} \
             from manifests o cross join {from} where o.id = {image}",
            digest = target.digest(&body),
            bytes = target.as_bytes(&body),
        )
    };
    let made = format!(
        "(select r.* from repositories r join accounts a on a.id = r.namespace_id \
         where a.name = '{LARGE_ORGANIZATION}' or a.name like '{LARGE_ORGANIZATION}-%')"
    );
    let large = format!(
        "(select r.* from repositories r join accounts a on a.id = r.namespace_id where a.name = '{LARGE_ORGANIZATION}')"
    );
    let others = format!(
        "(select r.* from repositories r join accounts a on a.id = r.namespace_id where a.name like '{LARGE_ORGANIZATION}-%')"
    );
    vec![
        format!(
            "insert into accounts (uuid, kind, name, email, created_at) values \
             ('5ca1e000-0000-4000-8000-000000000000', 'organization', '{LARGE_ORGANIZATION}', 'scale@example.com', {now})"
        ),
        format!(
            "{} insert into accounts (uuid, kind, name, email, created_at) \
             select '5ca1e000-0000-4000-8000-' || {digits}, 'organization', '{LARGE_ORGANIZATION}-' || i, \
             'scale@example.com', {now} from n",
            count(organizations)
        ),
        format!(
            "insert into teams (namespace_id, name, role, description, created_at) \
             select id, 'owners', 'admin', '', {now} from accounts \
             where name = '{LARGE_ORGANIZATION}' or name like '{LARGE_ORGANIZATION}-%'"
        ),
        format!(
            "insert into team_members (team_id, account_id, created_at) \
             select t.id, {owner}, {now} from teams t join accounts a on a.id = t.namespace_id \
             where a.name = '{LARGE_ORGANIZATION}' or a.name like '{LARGE_ORGANIZATION}-%'"
        ),
        format!(
            "insert into repositories (namespace_id, name, visibility, last_pushed_at, created_at) \
             select id, 'tags', 'private', {now}, {now} from accounts where name = '{LARGE_ORGANIZATION}'"
        ),
        format!(
            "{} insert into repositories (namespace_id, name, visibility, last_pushed_at, created_at) \
             select a.id, 'app-' || {digits}, case i % 2 when 0 then 'public' else 'private' end, {now} - i, {now} \
             from n join accounts a on a.name = '{LARGE_ORGANIZATION}-' || (1 + i % {organizations})",
            count(repositories)
        ),
        format!(
            "insert into repository_permissions (repository_id, account_id, role, created_at) \
             select r.id, {reader}, 'read', {now} from {others} r where r.id % 3 = 0"
        ),
        format!(
            "insert into blob_links (repository_id, blob_id) \
             select r.id, b.blob_id from {made} r cross join \
             (select distinct blob_id from manifest_blobs where manifest_id = {image}) b"
        ),
        manifests(
            &count(IMAGES.min(tags)),
            &format!("{large} r cross join n"),
            "n.i",
        ),
        manifests("", &format!("{others} r"), "r.id"),
        format!(
            "insert into manifest_blobs (manifest_id, position, repository_id, blob_id, role) \
             select m.id, b.position, r.id, b.blob_id, b.role from {made} r join manifests m on m.repository_id = r.id \
             cross join manifest_blobs b where b.manifest_id = {image}"
        ),
        format!(
            "{} insert into tags (repository_id, name, manifest_id, started_at) \
             select m.repository_id, 'v' || {digits}, m.id, {now} - i from n join \
             (select m.*, row_number() over (order by m.id) as place from manifests m join {large} r on r.id = m.repository_id) m \
             on m.place = 1 + i % {images}",
            count(tags),
            images = IMAGES.min(tags),
        ),
        format!(
            "{} insert into tags (repository_id, name, manifest_id, started_at) \
             select r.id, 'v' || i, m.id, {now} - i from {others} r join manifests m on m.repository_id = r.id cross join n",
            count(TAGS_EACH)
        ),
    ]
}

/// Rows that are counted: `n`, with `i` from 1.
fn count(count: u32) -> String {
    format!(
        "with recursive n(i) as (select cast(1 as bigint) union all select i + 1 from n where i < {count})"
    )
}

/// Twelve digits of a number.
fn digits(number: &str) -> String {
    format!("substr(cast(1000000000000 + {number} as text), 2)")
}

/// Teams and what they may do.
fn teams(target: &Target, Scale { teams, .. }: Scale, reader: &str) -> Vec<String> {
    let now = target.now();
    let mut statements = vec![
        format!(
            "insert into teams (namespace_id, name, role, description, created_at) \
             select id, 'developers', 'member', '', {now} from accounts where name like '{LARGE_ORGANIZATION}-%'"
        ),
        format!(
            "insert into team_members (team_id, account_id, created_at) \
             select t.id, {reader}, {now} from teams t join accounts a on a.id = t.namespace_id \
             where t.name = 'developers' and a.name like '{LARGE_ORGANIZATION}-%'"
        ),
        format!(
            "insert into repository_permissions (repository_id, team_id, role, created_at) \
             select r.id, t.id, 'write', {now} from teams t join accounts a on a.id = t.namespace_id \
             join repositories r on r.namespace_id = a.id \
             where t.name = 'developers' and a.name like '{LARGE_ORGANIZATION}-%' and r.id % 2 = 0"
        ),
    ];
    if teams > 0 {
        statements.push(format!(
            "{} insert into teams (namespace_id, name, role, description, created_at) \
             select a.id, 'team-' || {}, 'member', '', {now} from n join accounts a on a.name = '{LARGE_ORGANIZATION}'",
            count(teams),
            digits("i"),
        ));
        statements.push(format!(
            "insert into repository_permissions (repository_id, team_id, role, created_at) \
             select r.id, t.id, 'read', {now} from accounts a join teams t on t.namespace_id = a.id \
             join repositories r on r.namespace_id = a.id where a.name = '{LARGE_ORGANIZATION}' and t.name <> 'owners'"
        ));
    }
    statements
}

/// Robots, spread over the teams of their organization, that log in with the token of one that is there.
fn robots(target: &Target, Scale { robots, teams, .. }: Scale, like: &str) -> Vec<String> {
    /// Begins the public ids of robots; twelve digits follow.
    const UUID: &str = "5ca1e001-0000-4000-8000-";
    if robots == 0 {
        return Vec::new();
    }
    let now = target.now();
    let made = format!("accounts a where a.uuid like '{UUID}%'");
    let number = format!("substr(a.uuid, {})", UUID.len() + 1);
    let mut statements = vec![
        format!(
            "{} insert into accounts (uuid, kind, created_at) select '{UUID}' || {}, 'robot', {now} from n",
            count(robots),
            digits("i"),
        ),
        format!(
            "insert into robot_profiles (account_id, namespace_id, short_name, token_sealed, token_hash) \
             select a.id, o.id, 'robot-' || {number}, p.token_sealed, p.token_hash from accounts a \
             cross join accounts o cross join robot_profiles p \
             where a.uuid like '{UUID}%' and o.name = '{LARGE_ORGANIZATION}' and p.account_id = {like}"
        ),
    ];
    if teams > 0 {
        let team = digits(&format!("(1 + cast({number} as bigint) % {teams})"));
        statements.push(format!(
            "insert into team_members (team_id, account_id, created_at) \
             select (select t.id from teams t join accounts o on o.id = t.namespace_id \
             where o.name = '{LARGE_ORGANIZATION}' and t.name = 'team-' || {team}), a.id, {now} from {made}"
        ));
    }
    statements
}

/// A database that is filled.
enum Target {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client),
}

impl Target {
    async fn open(database: &str) -> Result<Self, String> {
        if database.starts_with("postgres") {
            let (client, connection) = tokio_postgres::connect(database, NoTls)
                .await
                .map_err(|error| error.to_string())?;
            tokio::spawn(connection);
            return Ok(Self::Postgres(client));
        }
        if !Path::new(database).is_file() {
            return Err(format!("there is no file `{database}`"));
        }
        let connection = rusqlite::Connection::open(database).map_err(|error| error.to_string())?;
        connection
            .create_scalar_function("digest", 1, FunctionFlags::SQLITE_DETERMINISTIC, |call| {
                let text: String = call.get(0)?;
                Ok(image::digest(text.as_bytes()))
            })
            .map_err(|error| error.to_string())?;
        Ok(Self::Sqlite(connection))
    }

    /// The digest of a text.
    fn digest(&self, text: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("digest({text})"),
            Self::Postgres(_) => format!(
                "'sha256:' || encode(sha256({}), 'hex')",
                self.as_bytes(text)
            ),
        }
    }

    /// Milliseconds since 1970.
    fn now(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "unixepoch() * 1000",
            Self::Postgres(_) => "cast(extract(epoch from now()) * 1000 as bigint)",
        }
    }

    fn as_bytes(&self, text: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("cast({text} as blob)"),
            Self::Postgres(_) => format!("convert_to({text}, 'UTF8')"),
        }
    }

    fn as_text(&self, bytes: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("cast({bytes} as text)"),
            Self::Postgres(_) => format!("convert_from({bytes}, 'UTF8')"),
        }
    }

    /// The first column of the first row, where it is not null.
    async fn text(&mut self, query: &str) -> Result<Option<String>, String> {
        match self {
            Self::Sqlite(connection) => match connection.query_row(query, [], |row| row.get(0)) {
                Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
                answer => answer.map_err(|error| error.to_string()),
            },
            Self::Postgres(client) => {
                let row = client.query_opt(query, &[]).await;
                let row = row.map_err(|error| error.to_string())?;
                Ok(row.and_then(|row| row.get(0)))
            }
        }
    }

    /// Runs all of them or none.
    async fn run(&mut self, statements: &[String]) -> Result<(), String> {
        match self {
            Self::Sqlite(connection) => {
                let wrong = |error: rusqlite::Error| error.to_string();
                let transaction = connection.transaction().map_err(wrong)?;
                for statement in statements {
                    transaction.execute(statement, []).map_err(wrong)?;
                }
                transaction.commit().map_err(wrong)
            }
            Self::Postgres(client) => {
                let wrong = |error: tokio_postgres::Error| error.to_string();
                let transaction = client.transaction().await.map_err(wrong)?;
                for statement in statements {
                    transaction.batch_execute(statement).await.map_err(wrong)?;
                }
                transaction.commit().await.map_err(wrong)?;
                client.batch_execute("analyze").await.map_err(wrong)
            }
        }
    }
}
