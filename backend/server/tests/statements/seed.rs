//! A registry with so many rows of every kind that no planner reads a table from end to end by
//! choice. Tables stay below 30,000 rows: PostgreSQL then looks at all of them, and finds the same
//! statistics each time; of the parts of names, which are more, it is told to look at all too.

use berth_domain::{AccountId, RepositoryId};

use crate::database::Raw;

/// What the registry is filled around.
pub(crate) struct Centre {
    /// Owns much, belongs to many organizations.
    pub(crate) user: AccountId,
    /// Organization with many repositories and robots; the user administers it.
    pub(crate) organization: AccountId,
    /// Repository of the user, with thousands of tags.
    pub(crate) repository: RepositoryId,
    /// Where time stands, in milliseconds.
    pub(crate) now: i64,
}

/// `insert into …` for the numbers 1 to `count`, which the columns may name as `i`. Both databases take it.
fn rows(count: u32, into: &str, values: &str) -> String {
    format!(
        "with recursive n(i) as (select cast(1 as bigint) union all select i + 1 from n where i < {count}) \
         insert into {into} select {values} from n"
    )
}

/// A digest that goes with a number.
fn digest(first: char) -> String {
    format!(
        "'sha256:{first}' || '{}' || (1000000000 + i)",
        "0".repeat(53)
    )
}

/// Fills the table of messages, of which the services make a hundred at most. That is for the time after they
/// made theirs: of so few rows PostgreSQL reads all, whatever index there is.
pub(crate) async fn messages(raw: &Raw) {
    let many = rows(
        4_000,
        "messages (uuid, content, severity, media_type, created_at)",
        "'m' || i, 'hello', 'info', 'text/plain', i",
    );
    raw.execute(&many).await;
    gather(raw, "analyze messages").await;
}

/// Plans of PostgreSQL change with its statistics: they are gathered once, of all rows, and not again while the
/// test runs.
const STEADY: [&str; 2] = [
    "do $$ declare name text; begin \
     for name in select tablename from pg_tables where schemaname = current_schema() loop \
     execute format('alter table %I set (autovacuum_enabled = false)', name); end loop; end $$",
    "alter table search_parts alter column part set statistics 2000",
];

/// Makes a hundred thousand repositories of those that are there, half of the new ones in the organization, which has a
/// thousand teams and ten thousand robots already. That is for the time after the tables were made: of so many rows
/// PostgreSQL looks at some alone, and its plans are not those of the next run to the letter.
pub(crate) async fn grow(raw: &Raw) {
    // What search finds is written by triggers.
    if matches!(raw, Raw::Postgres(_)) {
        raw.execute("set session_replication_role = origin").await;
    }
    let acme = "(select id from accounts where name = 'acme')";
    let at = "1790000000000 - (i * 7919) % 1000003";
    let statements = [
        rows(
            80_000,
            "repositories (id, namespace_id, name, visibility, last_pushed_at, created_at)",
            &format!(
                "500000 + i, case when i % 2 = 0 then {acme} else 200001 + i % 3000 end, 'big-' || (1000000 + i), \
                 case when i % 10 = 0 then 'public' else 'private' end, case when i % 5 = 0 then null else {at} end, \
                 1790000000000"
            ),
        ),
        rows(
            20_000,
            "repository_permissions (repository_id, account_id, role, created_at)",
            "500000 + i, 100001 + i % 3999, 'write', 1790000000000",
        ),
    ];
    for statement in statements {
        raw.execute(&statement).await;
    }
    gather(raw, "analyze").await;
}

/// PostgreSQL gathers statistics by itself, SQLite never does.
async fn gather(raw: &Raw, statement: &str) {
    if matches!(raw, Raw::Postgres(_)) {
        raw.execute(statement).await;
    }
}

/// Fills the registry and gathers the statistics that a running one has.
pub(crate) async fn fill(raw: &Raw, centre: &Centre) {
    let Centre {
        user: AccountId(user),
        organization: AccountId(organization),
        repository: RepositoryId(repository),
        now,
    } = *centre;
    // Ids of what is made here, far from those that are counted up.
    let (users, organizations, robots) = (100_000, 200_000, 300_000);
    let (repositories, blobs, manifests) = (100_000, 100_000, 100_000);
    let (blob, manifest) = (digest('b'), digest('a'));
    let home =
        format!("case when i <= 3000 then {repository} else {repositories} + 1 + i % 20000 end");
    let zeros = "0".repeat(20);
    let statements = [
        rows(
            4_000,
            "accounts (id, uuid, kind, name, email, created_at)",
            &format!(
                "{users} + i, 'u' || i, 'user', 'user-' || i, 'user-' || i || '@users.test', {now} - i"
            ),
        ),
        rows(4_000, "user_profiles (account_id)", &format!("{users} + i")),
        rows(
            4_000,
            "logins (account_id, kind, subject, password_hash, created_at)",
            &format!("{users} + i, 'password', 'u' || i, 'none', {now}"),
        ),
        rows(
            4_000,
            "app_tokens (uuid, account_id, title, token_sealed, token_hash, expires_at, created_at)",
            &format!(
                "'a' || i, {users} + 1 + i % 2000, 'laptop', 'x', 'app' || i, {now} + 1000000 * i, {now}"
            ),
        ),
        rows(
            4_000,
            "email_codes (account_id, purpose, email, code_hash, expires_at, created_at)",
            &format!(
                "{users} + 1 + i % 3999, case i % 2 when 0 then 'confirm' else 'recover' end, \
                 'user-' || i || '@users.test', 'ec' || i, {now} + i * 1000 - 50000, {now}"
            ),
        ),
        // None of them is due.
        rows(
            4_000,
            "mails (purpose, recipient, account_id, send_at, created_at)",
            &format!(
                "'confirm', 'user-' || i || '@users.test', case when i % 2 = 0 then {users} + i end, \
                 {now} + i * 60000, {now}"
            ),
        ),
        rows(
            3_000,
            "accounts (id, uuid, kind, name, created_at)",
            &format!(
                "{organizations} + i, 'o' || i, 'organization', 'org-' || (10000 + i), {now} - i"
            ),
        ),
        rows(
            15_000,
            "accounts (id, uuid, kind, created_at)",
            &format!("{robots} + i, 'r' || i, 'robot', {now} - i"),
        ),
        rows(
            15_000,
            "robot_profiles (account_id, namespace_id, short_name, token_sealed, token_hash)",
            &format!(
                "{robots} + i, case when i <= 10000 then {organization} else {organizations} + 1 + i % 3000 end, \
                 'robot' || (10000 + i), 'x', 'h' || i"
            ),
        ),
        rows(
            6_000,
            "teams (id, namespace_id, name, role, created_at)",
            &format!(
                "{organizations} + i, {organizations} + 1 + i % 3000, 'team' || i, \
                 case i % 3 when 0 then 'member' when 1 then 'creator' else 'admin' end, {now}"
            ),
        ),
        rows(
            1_000,
            "teams (id, namespace_id, name, role, created_at)",
            &format!("{robots} + i, {organization}, 'crew' || (10000 + i), 'member', {now}"),
        ),
        rows(
            150,
            "team_members (team_id, account_id, created_at)",
            &format!("{robots} + 1, {users} + i, {now}"),
        ),
        // Of the robots of the organization some are in teams, and some have roles of their own.
        rows(
            1_000,
            "team_members (team_id, account_id, created_at)",
            &format!("{robots} + i, {robots} + 2 * i, {now}"),
        ),
        rows(
            2_000,
            "team_invitations (uuid, team_id, account_id, email, inviter_id, created_at)",
            &format!(
                "'i' || i, {robots} + 1 + i % 1000, case when i % 2 = 0 then {users} + 1000 + i end, \
                 case when i % 2 = 1 then 'user-' || i || '@else.test' end, {user}, {now}"
            ),
        ),
        rows(
            400,
            "team_invitations (uuid, team_id, account_id, email, inviter_id, created_at)",
            &format!(
                "'j' || i, {robots} + 1, case when i % 2 = 0 then {users} + 200 + i end, \
                 case when i % 2 = 1 then 'some-' || i || '@else.test' end, {user}, {now}"
            ),
        ),
        rows(
            4_000,
            "team_invitations (uuid, team_id, account_id, inviter_id, created_at)",
            &format!(
                "'k' || i, {organizations} + i, case when i <= 400 then {user} else {users} + i - 400 end, \
                 {users} + 1 + i % 3999, {now}"
            ),
        ),
        rows(
            120,
            "team_members (team_id, account_id, created_at)",
            &format!("{organizations} + i, {user}, {now}"),
        ),
        rows(
            12_000,
            "team_members (team_id, account_id, created_at)",
            &format!("{organizations} + 1 + i % 6000, {users} + 1 + i % 3999, {now}"),
        ),
        rows(
            2_000,
            "oauth_applications (id, namespace_id, client_id, secret_sealed, name, created_at)",
            &format!(
                "100000 + i, case when i <= 500 then {organization} else {users} + i end, 'client' || i, 'x', 'App-' || (10000 + i), {now}"
            ),
        ),
        rows(
            4_000,
            "oauth_tokens (uuid, application_id, account_id, scopes, token_hash, expires_at, created_at)",
            &format!(
                "'t' || i, 100001 + i % 2000, case when i <= 500 then {user} else {users} + i end, 'repo:read', \
                 'h' || i, {now} + i * 1000, {now}"
            ),
        ),
        rows(
            4_000,
            "oauth_codes (application_id, account_id, code_hash, scopes, redirect_uri, expires_at, created_at)",
            &format!(
                "100001 + i % 2000, {users} + i, 'c' || i, 'repo:read', 'https://app.test/', {now} + i * 1000, {now}"
            ),
        ),
        rows(
            4_000,
            "oauth_assignments (uuid, application_id, account_id, scopes, redirect_uri, response_type, created_at)",
            &format!(
                "'as' || i, 100001 + i % 2000, case when i <= 500 then {user} else {users} + i end, 'repo:read', \
                 'https://app.test/', 'token', {now}"
            ),
        ),
        rows(
            6_000,
            "sessions (token_hash, account_id, authenticated_at, expires_at, created_at)",
            &format!("'h' || i, {users} + 1 + i % 4000, {now}, {now} + i * 1000 - 50000, {now}"),
        ),
        rows(
            3_000,
            "login_failures (account_id, address, failures, retry_at)",
            &format!("{users} + i, '192.0.2.1', 1, {now} - 2000 + i"),
        ),
        rows(
            20_000,
            "repositories (id, namespace_id, name, visibility, last_pushed_at, deleting_at, created_at)",
            &format!(
                "{repositories} + i, \
                 case when i <= 1500 then {user} when i <= 3000 then {organization} \
                 when i % 2 = 0 then {users} + 1 + i % 4000 else {organizations} + 1 + i % 3000 end, \
                 'app-' || (100000 + i), case when i % 10 = 0 then 'public' else 'private' end, \
                 case when i % 5 = 0 then null else {now} - (i * 7919) % 1000003 end, \
                 case when i % 100 = 99 then {now} - i end, {now}"
            ),
        ),
        rows(
            800,
            "repository_permissions (repository_id, account_id, role, created_at)",
            &format!(
                "{repositories} + 3000 + i * 20, {user}, \
                 case i % 3 when 0 then 'read' when 1 then 'write' else 'admin' end, {now}"
            ),
        ),
        rows(
            12_000,
            "repository_permissions (repository_id, account_id, role, created_at)",
            &format!("{repositories} + i, {users} + 1 + i % 3999, 'write', {now}"),
        ),
        rows(
            1_000,
            "repository_permissions (repository_id, account_id, role, created_at)",
            &format!("{repositories} + 1500 + i, {robots} + i, 'write', {now}"),
        ),
        rows(
            6_000,
            "repository_permissions (repository_id, team_id, role, created_at)",
            &format!("{repositories} + i * 3, {organizations} + 1 + i % 6000, 'read', {now}"),
        ),
        rows(
            150,
            "repository_permissions (repository_id, team_id, role, created_at)",
            &format!("{repositories} + 1500 + i, {robots} + 1, 'read', {now}"),
        ),
        rows(
            8_000,
            "permission_prototypes (uuid, namespace_id, creator_id, account_id, role, created_at)",
            &format!(
                "'p' || i, case when i <= 150 then {organization} else {organizations} + 1 + i % 3000 end, \
                 case when i % 2 = 0 then {users} + 1 + i % 3999 end, {users} + 1 + (i * 7) % 3999, 'read', {now}"
            ),
        ),
        rows(
            400,
            "stars (account_id, repository_id, created_at)",
            &format!("{user}, {repositories} + i, {now}"),
        ),
        rows(
            12_000,
            "stars (account_id, repository_id, created_at)",
            &format!("{users} + 1 + i % 3999, {repositories} + i, {now}"),
        ),
        rows(
            12_000,
            "notifications (uuid, account_id, kind, subject, namespace_id, as_administrator, metadata, created_at)",
            &format!(
                "'n' || i, {users} + 1 + i % 3999, 'org_team_invite', 's' || i, {organizations} + 1 + i % 3000, \
                 i % 2 = 0, '{{}}', {now} - i * 1000"
            ),
        ),
        rows(
            28_000,
            "blobs (id, digest, size_bytes, created_at)",
            &format!("{blobs} + i, {blob}, 1000 + i, {now}"),
        ),
        rows(
            28_000,
            "blob_locations (blob_id, location, key, checked_at, lost_at)",
            &format!(
                "{blobs} + i, 'default', 'ab/ab{zeros}' || (1000000000 + i), {now} - i * 1000, case when i % 1000 = 0 then {now} - i end"
            ),
        ),
        rows(
            4_000,
            "garbage_objects (location, key, delete_after, created_at)",
            &format!(
                "'default', 'cd/cd{zeros}' || (1000000000 + i), {now} + i * 1000 - 100000, {now}"
            ),
        ),
        // Each manifest names one blob of its repository; the last 3,000 blobs are named by none.
        rows(
            28_000,
            "blob_links (repository_id, blob_id, keep_until)",
            &format!("{home}, {blobs} + i, case when i % 100 = 0 then {now} - i end"),
        ),
        rows(
            6_000,
            "uploads (uuid, repository_id, account_id, state, hash_state, write_state, expires_at, created_at)",
            &format!(
                "'up' || i, {repositories} + 1 + i % 20000, {user}, \
                 case when i % 10 = 0 then 'open' else 'committed' end, '{{}}', \
                 (select min(write_state) from uploads), {now} + i * 1000 - 50000, {now}"
            ),
        ),
        rows(
            25_000,
            "manifests (id, repository_id, digest, media_type, artifact_type, subject_digest, body, \
             size_bytes, content_bytes, os, architecture, keep_until, deleted_at, created_at)",
            &format!(
                "{manifests} + i, {home}, \
                 {manifest}, 'application/vnd.oci.image.manifest.v1+json', \
                 case when i > 2000 and i <= 3000 then 'application/x-signature' end, \
                 case when i > 2000 and i <= 3000 then \
                 'sha256:a{subject}1000000001' end, 'body', 4, 1000, 'linux', 'amd64', \
                 case when i % 100 = 0 then {now} - i end, case when i % 500 = 0 then {now} - i end, {now}",
                subject = "0".repeat(53)
            ),
        ),
        rows(
            25_000,
            "manifest_blobs (manifest_id, position, repository_id, blob_id, role)",
            &format!(
                "{manifests} + i, 0, {home}, \
                 {blobs} + i, 'layer'"
            ),
        ),
        rows(
            8_000,
            "manifest_children (parent_id, position, digest, child_id, os, architecture)",
            &format!(
                "{manifests} + i % 2000 + 1, i, {manifest}, case when i % 50 = 0 then null else {manifests} + 2000 + i end, \
                 'linux', 'amd64'"
            ),
        ),
        rows(
            4_000,
            "tags (repository_id, name, manifest_id, started_at, expires_at)",
            &format!(
                "{repository}, 'v' || (100000 + i), {manifests} + 1 + i % 2000, {now} - 20000000 + (i * 7919) % 10000019, \
                 case when i % 100 = 0 then {now} + 1000000 + i when i % 100 = 1 then {now} - i end"
            ),
        ),
        rows(
            4_000,
            "tags (repository_id, name, manifest_id, started_at, ended_at, restorable_until)",
            &format!(
                "{repository}, 'v' || (100000 + i), {manifests} + 1 + i % 2000, {now} - 90000000, {now} - i * 1000000, \
                 {now} + 1209600000 - i * 1000000"
            ),
        ),
        rows(
            20_000,
            "tags (repository_id, name, manifest_id, started_at)",
            &format!(
                "{repositories} + 1 + i % 20000, 'latest' || i, {manifests} + 3000 + i, {now} - 1000 - i"
            ),
        ),
        rows(
            20_000,
            "log_entries (kind, namespace_id, repository_id, performer_id, occurred_at, metadata)",
            &format!(
                "'pull_repo', {users} + i % 4000, {repositories} + i % 20000, {users} + i % 4000, {now} - i * 1000, '{{}}'"
            ),
        ),
        // One in a hundred goes on.
        rows(
            4_000,
            "bulk_changes (account_id, kind, order_json, items_json, total, state, created_at, turned_at, ended_at)",
            &format!(
                "{users} + 1 + i % 3999, 'deletion', '{{}}', '[]', 2000, case when i % 100 = 0 then 'running' else 'done' end, \
                 {now} - i, {now} - i, case when i % 100 = 0 then null else {now} - i * 100000 end"
            ),
        ),
        rows(
            12_000,
            "outbox_events (kind, namespace_id, repository_id, payload, occurred_at)",
            &format!("'push_repo', {user}, {repository}, '{{}}', {now} - i * 400"),
        ),
    ];
    for statement in statements {
        raw.execute(&statement).await;
    }
    for statement in STEADY {
        gather(raw, statement).await;
    }
    gather(raw, "analyze").await;
}
