//! Search: what is found, by whom, in which order.

mod entities;
mod rights;

use berth_domain::{PageRequest, RepositoryRole, SearchKind, TeamRole, Visibility};
use berth_services::permissions::RoleChange;
use berth_services::search::{Hit, Match, MatchKey};
use berth_services::{Actor, Services};
use berth_testkit::{TestImage, TestRegistry, db_test};

use super::people::{organization, repository, robot};

/// What was found, in a word and a name.
fn shown(found: &Match) -> String {
    match &found.hit {
        Hit::Repository(view) => format!("repository {}", view.repository.path()),
        Hit::Namespace(view) => format!("{} {}", view.kind, view.name),
        Hit::Team(view) => format!("team {}/{}", view.organization, view.name),
        Hit::Robot(view) => format!("robot {}", view.name),
    }
}

/// Everything that a text finds, by pages of a few.
async fn walk(
    services: &Services,
    actor: &Actor,
    text: &str,
    kinds: &[SearchKind],
    limit: usize,
) -> Vec<String> {
    let (mut all, mut after): (Vec<String>, Option<MatchKey>) = (Vec::new(), None);
    loop {
        let request = PageRequest::new(after.take(), limit);
        let page = services.search.page(actor, text, kinds, &request).await;
        let page = page.unwrap();
        assert!(page.items.len() <= limit);
        all.extend(page.items.iter().map(shown));
        after = page.items.last().map(|found| found.key.clone());
        if !page.has_more {
            return all;
        }
    }
}

/// The same, whatever the length of the pages.
async fn found(services: &Services, actor: &Actor, text: &str) -> Vec<String> {
    let all = walk(services, actor, text, &[], 100).await;
    assert_eq!(walk(services, actor, text, &[], 2).await, all, "{text}");
    all
}

/// What it finds of the repositories, by their paths.
async fn paths(services: &Services, actor: &Actor, text: &str) -> Vec<String> {
    let all = walk(services, actor, text, &[SearchKind::Repository], 100).await;
    let path = |shown: &String| shown.trim_start_matches("repository ").to_owned();
    all.iter().map(path).collect()
}

async fn describe(t: &TestRegistry, actor: &Actor, path: &str, description: &str) {
    let path = berth_testkit::path_of(path);
    let repositories = &t.services.repositories;
    let id = repositories
        .by_path(actor, &path)
        .await
        .unwrap()
        .repository
        .id;
    repositories.describe(actor, id, description).await.unwrap();
}

db_test!(
    async fn the_closest_match_comes_first_and_of_those_alike_the_latest_pushed(t: TestRegistry) {
        let ann = t.user("ann").await;
        organization(t, &ann, "web").await;
        organization(t, &ann, "webshop").await;
        let hidden = Visibility::Private;
        for name in ["web", "web-old", "web-new", "cobweb", "other"] {
            repository(t, &ann, "ann", name, hidden).await;
        }
        let teams = &t.services.teams;
        let (shop, name) = ("webshop".parse().unwrap(), "webmasters".parse().unwrap());
        teams
            .create(&ann, &shop, &name, TeamRole::Member, "")
            .await
            .unwrap();
        robot(t, &ann, "webshop", "web").await;
        describe(t, &ann, "ann/other", "For the Webmaster, and nobody else").await;
        for target in ["ann/web-old:1", "ann/web-new:1"] {
            t.clock.advance(std::time::Duration::from_mins(1));
            t.push(&ann, target, &TestImage::new(1)).await;
        }
        let expected = [
            "repository ann/web",
            "organization web",
            "robot webshop+web",
            "repository ann/web-new",
            "repository ann/web-old",
            "organization webshop",
            "team webshop/webmasters",
            "repository ann/cobweb",
            "repository ann/other",
        ];
        assert_eq!(found(&t.services, &ann, "web").await, expected);
        assert_eq!(found(&t.services, &ann, " WEB ").await, expected);
        let best = t.services.search.best(&ann, "web", 1).await.unwrap();
        let best: Vec<String> = best.iter().map(shown).collect();
        let expected = [
            "repository ann/web",
            "organization web",
            "robot webshop+web",
            "team webshop/webmasters",
        ];
        assert_eq!(best, expected);
        let kinds = [SearchKind::Team, SearchKind::Organization];
        let some = walk(&t.services, &ann, "web", &kinds, 1).await;
        assert_eq!(
            some,
            [
                "organization web",
                "organization webshop",
                "team webshop/webmasters"
            ]
        );
    }
);

db_test!(
    async fn every_text_has_a_sensible_answer(t: TestRegistry) {
        let ann = t.user("ann").await;
        organization(t, &ann, "acme").await;
        let hidden = Visibility::Private;
        let long = "x".repeat(254);
        for name in [
            "web_app",
            "webxapp",
            "deep/web/app",
            "a",
            &format!("{long}y"),
        ] {
            repository(t, &ann, "acme", name, hidden).await;
        }
        repository(t, &ann, "ann", "web_app", hidden).await;
        robot(t, &ann, "acme", "app-ci").await;
        let text = "Zählt Ünïcode, 日本語のイメージ and 100% of it. ".repeat(20);
        describe(t, &ann, "acme/a", &text).await;
        let paths = async |text: &str| paths(&t.services, &ann, text).await;
        let both = ["acme/web_app", "ann/web_app"];
        let named = format!("acme/{long}y");
        let longest = [named.as_str()];
        let (path, none) = (format!("acme/{long}"), format!("{long}yy"));
        let (too_long, much_too_long) = ("y".repeat(256), "y".repeat(100_000));
        let cases: &[(&str, &[&str])] = &[
            // Neither a sign for any letter, nor one for any text.
            ("b_a", &both[..]),
            ("%", &[]),
            ("b%a", &[]),
            ("\\", &[]),
            ("100%", &["acme/a"]),
            ("WEB_APP", &both[..]),
            // The beginning of a name in a namespace, and what is in a nested name.
            ("acme/web", &["acme/web_app", "acme/webxapp"]),
            ("ACME/WEB_APP", &["acme/web_app"]),
            ("acme/deep/we", &["acme/deep/web/app"]),
            ("eep/web/a", &["acme/deep/web/app"]),
            ("cme/web", &[]),
            ("nowhere/web", &[]),
            ("ann/", &["ann/web_app"]),
            ("/", &["acme/deep/web/app"]),
            ("//", &[]),
            // All words have to be there, wherever.
            ("app deep", &["acme/deep/web/app"]),
            ("日本 a", &["acme/a"]),
            ("app nothing", &[]),
            // Letters beyond ASCII are what they are.
            ("日本", &["acme/a"]),
            ("語の", &["acme/a"]),
            ("zählt", &["acme/a"]),
            ("ZäHLT", &["acme/a"]),
            ("ZÄHLT", &[]),
            ("ünïcode", &[]),
            ("Ünïcode", &["acme/a"]),
            ("💥", &[]),
            // In the middle of a word of a description nothing is looked for.
            ("ählt", &["acme/a"]),
            ("hlt", &[]),
            // As long as names are, and longer.
            (&long, &longest),
            (&long[..30], &longest),
            (&path, &longest),
            (&none, &[]),
            (&too_long, &[]),
            (&much_too_long, &[]),
            ("", &[]),
            ("  \t ", &[]),
            ("web\0app", &[]),
            ("'", &[]),
            ("$1", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(paths(text).await, *expected, "{text:.40}");
        }
        assert_eq!(paths("a").await[0], "acme/a");
        assert_eq!(paths("we").await.len(), 4);
        let robots =
            async |text: &str| walk(&t.services, &ann, text, &[SearchKind::Robot], 10).await;
        for text in ["app", "ci", "acme+app-ci", "ACME+a", "acme+"] {
            assert_eq!(robots(text).await, ["robot acme+app-ci"], "{text}");
        }
        assert_eq!(robots("ann+app").await, [""; 0]);
        assert_eq!(robots("acme").await, [""; 0]);
    }
);

db_test!(
    async fn what_is_found_follows_changes_at_once(t: TestRegistry) {
        let ann = t.user("ann").await;
        let acme = organization(t, &ann, "acme").await;
        let app = repository(t, &ann, "acme", "app", Visibility::Private).await;
        let found = async |text: &str| found(&t.services, &ann, text).await;
        assert_eq!(found("acme").await, ["organization acme"]);
        assert_eq!(found("acme/").await, ["repository acme/app"]);
        let mut settings = t.services.settings().clone();
        settings.users.superusers = Some(vec!["root".parse().unwrap()]);
        let replica = t.replica(settings);
        t.user("root").await;
        let password = berth_domain::Secret::from(berth_testkit::PASSWORD);
        let origin = berth_services::Origin::default();
        let root = replica
            .authn
            .sign_in("root", &password, origin)
            .await
            .unwrap();
        let (superuser, name) = (&replica.superuser, "zeta".parse().unwrap());
        superuser
            .rename_organization(&root.actor, acme.id, &name)
            .await
            .unwrap();
        assert_eq!(found("acme").await, [""; 0]);
        assert_eq!(found("acme/").await, [""; 0]);
        assert_eq!(found("zeta").await, ["organization zeta"]);
        assert_eq!(found("zeta/").await, ["repository zeta/app"]);
        describe(t, &ann, "zeta/app", "a cache").await;
        assert_eq!(found("cache").await, ["repository zeta/app"]);
        describe(t, &ann, "zeta/app", "a queue").await;
        assert_eq!(found("cache").await, [""; 0]);
        let ids = [app.repository.id];
        let selection = berth_services::many::Selection::Items(&ids[..]);
        let deleted = t.services.repositories.delete(&ann, selection).await;
        assert_eq!(deleted.unwrap(), ids);
        assert_eq!(found("app").await, [""; 0]);
        // Its name is free, and the new one is found alone.
        repository(t, &ann, "zeta", "app", Visibility::Private).await;
        assert_eq!(found("app").await, ["repository zeta/app"]);
        let deleted = t.services.organizations.delete(&ann, &[acme.id]).await;
        deleted.unwrap();
        for text in ["zeta", "app", "owners", "queue"] {
            assert_eq!(found(text).await, [""; 0], "{text}");
        }
    }
);

db_test!(
    async fn numbered_pages_go_on_where_the_last_one_ended(t: TestRegistry) {
        let ann = t.user("ann").await;
        for n in 0..25 {
            let name = format!("app{n:02}");
            repository(t, &ann, "ann", &name, Visibility::Private).await;
        }
        let mut seen = Vec::new();
        for number in 1..=3 {
            let search = &t.services.search;
            let page = search.repositories(&ann, "app", number, 10).await.unwrap();
            assert_eq!(page.has_more, number < 3);
            seen.extend(page.items.iter().map(shown));
        }
        let expected: Vec<String> = (0..25)
            .map(|n| format!("repository ann/app{n:02}"))
            .collect();
        assert_eq!(seen, expected);
        let behind = t.services.search.repositories(&ann, "app", 4, 10).await;
        assert_eq!(behind.unwrap().items, []);
    }
);

/// Gives a user a role in a repository.
async fn give(t: &TestRegistry, actor: &Actor, path: &str, account: &str, role: RepositoryRole) {
    let path = berth_testkit::path_of(path);
    let repositories = &t.services.repositories;
    let id = repositories
        .by_path(actor, &path)
        .await
        .unwrap()
        .repository
        .id;
    let change = RoleChange {
        account: account.to_owned(),
        role: Some(role),
    };
    let permissions = &t.services.permissions;
    permissions.set(actor, id, &[change]).await.unwrap();
}
