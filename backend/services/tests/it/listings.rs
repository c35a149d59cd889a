//! Who sees which repositories: listings, counts and pages say what the gate says.

use std::collections::BTreeSet;

use berth_domain::{
    AccountId, AccountKind, PageRequest, RepositoryId, RepositoryRole, SearchKind, TeamId,
    TeamRole, Timestamp, Visibility,
};
use berth_services::many::Selection;
use berth_services::repositories::{Filter, RepositoryKey, Sort, SortBy};
use berth_services::{Actor, Settings};
use berth_store::{Tx, accounts, repositories, teams};
use berth_testkit::{Backend, TestRegistry, db_test};

use super::people;

pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000_000);
const BY_NAME: Sort = Sort {
    by: SortBy::Name,
    descending: false,
};

/// Small and the same each time: what a test generates has to be what it generated before.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

pub(crate) const ROLES: [RepositoryRole; 3] = [
    RepositoryRole::Read,
    RepositoryRole::Write,
    RepositoryRole::Admin,
];
const TEAM_ROLES: [TeamRole; 3] = [TeamRole::Member, TeamRole::Creator, TeamRole::Admin];

pub(crate) fn pick<T: Copy>(dice: &mut Dice, list: &[T]) -> T {
    list[usize::try_from(dice.below(list.len() as u64)).unwrap()]
}

/// Organizations with teams of every role, repositories of both kinds, roles given at random.
pub(crate) async fn populate(
    tx: &mut Tx,
    seed: u64,
    users: &[AccountId],
) -> berth_domain::Result<()> {
    let mut dice = Dice(seed);
    let mut owners = users.to_vec();
    let mut of_organizations = Vec::new();
    for n in 0..3 {
        let name = format!("org{n}").parse()?;
        let kind = berth_domain::AccountKind::Organization;
        let org = accounts::insert(tx, &format!("{seed}-{n}"), kind, &name, None, NOW).await?;
        owners.push(org);
        for role in TEAM_ROLES {
            let team = teams::insert(tx, org, role.as_str(), role, NOW).await?;
            of_organizations.push((org, team));
            for user in users {
                if dice.below(5) == 0 {
                    teams::add_member(tx, team, *user, NOW).await?;
                }
            }
        }
    }
    for (n, owner) in owners.iter().cycle().take(24).enumerate() {
        let visibility = pick(
            &mut dice,
            &[Visibility::Public, Visibility::Private, Visibility::Private],
        );
        let name = format!("app{n:02}").parse()?;
        let id = repositories::insert(tx, *owner, &name, visibility, "", NOW).await?;
        if dice.below(2) == 0 {
            let at = Timestamp(NOW.0 + i64::try_from(dice.below(4)).unwrap());
            repositories::set_last_pushed(tx, id, at).await?;
        }
        for user in users {
            if dice.below(6) == 0 {
                repositories::set_role(tx, id, *user, pick(&mut dice, &ROLES), NOW).await?;
            }
        }
        for (_, team) in of_organizations.iter().filter(|(org, _)| org == owner) {
            if dice.below(4) == 0 {
                let role = pick(&mut dice, &ROLES);
                teams::set_repository_role(tx, id, *team, role, NOW).await?;
            }
        }
        if dice.below(8) == 0 {
            repositories::mark_deleting(tx, id, NOW).await?;
        }
    }
    Ok(())
}

async fn walk(t: &TestRegistry, actor: &Actor, sort: Sort, limit: usize) -> Vec<String> {
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let request = PageRequest::new(after.take(), limit);
        let page = t
            .services
            .repositories
            .page(actor, &Filter::default(), sort, &request)
            .await
            .unwrap();
        for view in &page.items {
            seen.push(view.repository.path().to_string());
            after = Some(RepositoryKey::of(&view.repository, sort.by));
        }
        if !page.has_more {
            return seen;
        }
    }
}

/// What the gate lets the actor see, asked of each repository by itself.
async fn by_gate(t: &TestRegistry, actor: &Actor) -> BTreeSet<String> {
    let ids: Vec<_> = (1..=24).map(berth_domain::RepositoryId).collect();
    let views = t.services.repositories.by_ids(actor, &ids).await.unwrap();
    views
        .values()
        .map(|view| view.repository.path().to_string())
        .collect()
}

/// What a text finds that is in every name of a kind.
async fn search(t: &TestRegistry, actor: &Actor, kind: SearchKind, text: &str) -> BTreeSet<i64> {
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let request = PageRequest::new(after.take(), 3);
        let search = &t.services.search;
        let page = search.page(actor, text, &[kind], &request).await.unwrap();
        for hit in &page.items {
            assert!(found.insert(hit.key.id), "nothing comes twice");
            after = Some(hit.key.clone());
        }
        if !page.has_more {
            return found;
        }
    }
}

/// Search finds what the gate lets through, and nothing else.
async fn check_search(t: &TestRegistry, actor: &Actor, seed: u64) {
    let services = &t.services;
    let all: Vec<i64> = (1..=40).collect();
    let repositories: Vec<_> = all.iter().map(|id| RepositoryId(*id)).collect();
    let views = services.repositories.by_ids(actor, &repositories).await;
    let expected: BTreeSet<i64> = views.unwrap().keys().map(|id| id.0).collect();
    let found = search(t, actor, SearchKind::Repository, "app").await;
    assert_eq!(found, expected, "seed {seed}, {:?}", actor.name());
    let accounts: Vec<_> = all.iter().map(|id| AccountId(*id)).collect();
    let views = services
        .organizations
        .by_ids(actor, &accounts)
        .await
        .unwrap();
    for (kind, of, text) in [
        (SearchKind::Organization, AccountKind::Organization, "rg"),
        (SearchKind::User, AccountKind::User, "o"),
    ] {
        let expected = views.values().filter(|view| view.kind == of);
        let expected = expected.filter(|view| view.name.as_str().contains(text));
        let expected: BTreeSet<i64> = expected.map(|view| view.id.0).collect();
        let found = search(t, actor, kind, text).await;
        assert_eq!(found, expected, "seed {seed}, {:?}, {kind}", actor.name());
    }
    let teams: Vec<_> = all.iter().map(|id| TeamId(*id)).collect();
    let views = services.teams.by_ids(actor, &teams).await.unwrap();
    let expected = views
        .values()
        .filter(|view| view.name.as_str().contains('m'));
    let expected: BTreeSet<i64> = expected.map(|view| view.id.0).collect();
    let found = search(t, actor, SearchKind::Team, "m").await;
    assert_eq!(found, expected, "seed {seed}, {:?}, teams", actor.name());
}

async fn check(backend: Backend, seed: u64, settings: Settings) {
    let full = settings.users.superusers_full_access;
    let Some(t) = TestRegistry::with(backend, settings).await else {
        return;
    };
    let mut users = Vec::new();
    for name in ["ann", "bob", "cleo", "dan"] {
        users.push(t.user(name).await);
    }
    let ids: Vec<AccountId> = users.iter().filter_map(Actor::user_id).collect();
    t.db()
        .write(async |tx| populate(tx, seed, &ids).await)
        .await
        .unwrap();
    users.push(t.anonymous());
    for actor in &users {
        let expected = by_gate(&t, actor).await;
        let all = walk(&t, actor, BY_NAME, 100).await;
        let as_set: BTreeSet<String> = all.iter().cloned().collect();
        assert_eq!(as_set, expected, "seed {seed}, {:?}", actor.name());
        assert_eq!(as_set.len(), all.len(), "nothing comes twice");
        assert!(all.is_sorted_by_key(|path| {
            path.split_once('/')
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
        }));
        let count = t
            .services
            .repositories
            .count(actor, &Filter::default())
            .await
            .unwrap();
        assert_eq!(count, expected.len() as u64);
        if (full && actor.is_superuser()) || actor.is_read_only_superuser() {
            assert!(all.len() > 15, "{:?} sees everything", actor.name());
        }
        let mut backwards = walk(
            &t,
            actor,
            Sort {
                by: SortBy::Name,
                descending: true,
            },
            3,
        )
        .await;
        backwards.reverse();
        assert_eq!(backwards, all);
        for descending in [false, true] {
            let sort = Sort {
                by: SortBy::LastPushed,
                descending,
            };
            let (short, long) = (
                walk(&t, actor, sort, 2).await,
                walk(&t, actor, sort, 100).await,
            );
            assert_eq!(short, long, "pages of two are the page of all");
            let set: BTreeSet<String> = long.into_iter().collect();
            assert_eq!(set, expected);
        }
    }
    for actor in &users {
        check_search(&t, actor, seed).await;
    }
    for actor in users.iter().filter(|actor| !actor.is_anonymous()) {
        let ids: Vec<_> = (1..=24).map(berth_domain::RepositoryId).collect();
        let repositories = &t.services.repositories;
        let views = repositories.by_ids(actor, &ids).await.unwrap();
        let expected: BTreeSet<_> = views
            .values()
            .filter(|view| view.can_administer)
            .map(|view| view.repository.id)
            .collect();
        let all = Filter::default();
        let everything = Selection::Matching(&all);
        let changed = repositories
            .change_visibility(actor, everything, Visibility::Private)
            .await
            .unwrap();
        let found: BTreeSet<_> = changed
            .repositories
            .iter()
            .map(|view| view.repository.id)
            .collect();
        assert_eq!(
            found,
            expected,
            "seed {seed}, {:?} administers",
            actor.name()
        );
    }
    t.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_is_what_the_gate_lets_through_in_generated_registries() {
    for seed in 1..=6 {
        for backend in [Backend::Sqlite, Backend::Postgres] {
            check(backend, seed, Settings::default()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn switches_widen_and_narrow_listings_and_gate_alike() {
    for (full, anonymous) in [(true, true), (false, false)] {
        let mut settings = Settings::default();
        settings.users.superusers_full_access = full;
        settings.users.anonymous_access = anonymous;
        settings.users.superusers = Some(vec!["dan".parse().unwrap()]);
        check(Backend::Sqlite, 11, settings).await;
    }
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let mut settings = Settings::default();
        settings.users.read_only_superusers = vec!["cleo".parse().unwrap()];
        check(backend, 12, settings).await;
    }
}

db_test!(
    async fn a_filter_finds_text_in_the_path_and_takes_wildcards_for_letters(t: TestRegistry) {
        let ann = t.user("ann").await;
        for name in ["web_app", "webxapp", "deep/web"] {
            people::repository(t, &ann, "ann", name, Visibility::Private).await;
        }
        let found = async |search: &str| {
            let filter = Filter {
                search: Some(search.into()),
                ..Filter::default()
            };
            let request = PageRequest::new(None, 10);
            let page = t
                .services
                .repositories
                .page(&ann, &filter, BY_NAME, &request)
                .await
                .unwrap();
            page.items
                .iter()
                .map(|view| view.repository.name.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("web_a").await, ["web_app"]);
        assert_eq!(found("N/WEB").await, ["web_app", "webxapp"]);
        assert_eq!(found("%").await, Vec::<String>::new());
    }
);

db_test!(
    async fn the_catalog_holds_own_repositories_and_others_public_ones_only_by_switch(
        t: TestRegistry,
    ) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        people::repository(t, &ann, "ann", "app", Visibility::Private).await;
        people::repository(t, &bob, "bob", "app", Visibility::Public).await;
        let first = PageRequest::new(None, 10);
        let catalog = async |actor: &Actor| {
            let page = t
                .services
                .repositories
                .catalog(actor, &first)
                .await
                .unwrap();
            page.items
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(catalog(&ann).await, ["ann/app"]);
        assert_eq!(catalog(&t.anonymous()).await, Vec::<String>::new());
        let mut settings = Settings::default();
        settings.registry.public_catalog = true;
        let open = t.replica(settings);
        let after = PageRequest::new(Some("ann/app".to_owned()), 10);
        let page = open.repositories.catalog(&ann, &after).await.unwrap();
        assert_eq!(page.items[0].to_string(), "bob/app");
    }
);
