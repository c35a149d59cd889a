//! Who finds what: one text that is in the names of everything.

use berth_domain::{RepositoryRole, Secret, TeamRole, Visibility};
use berth_services::{Actor, Origin, Services, Settings};
use berth_testkit::{Backend, PASSWORD, TestRegistry, db_test};

use super::super::people::{join, organization, repository, robot};
use super::{found, give};

/// An organization with a repository of each kind, a robot and a team, and who is beside it.
struct Estate {
    owner: Actor,
    member: Actor,
    reader: Actor,
    stranger: Actor,
    robot: Actor,
}

async fn estate(t: &TestRegistry) -> Estate {
    let owner = t.user("zz-owner").await;
    organization(t, &owner, "zz-org").await;
    for (name, visibility) in [
        ("zz-public", Visibility::Public),
        ("zz-private", Visibility::Private),
        ("zz-secret", Visibility::Private),
    ] {
        repository(t, &owner, "zz-org", name, visibility).await;
    }
    let bot = robot(t, &owner, "zz-org", "zz-bot").await;
    let token = t.services.robots.credentials(&owner, bot.id).await.unwrap();
    let member = t.user("zz-member").await;
    join(t, "zz-org", "zz-member", TeamRole::Member).await;
    let reader = t.user("zz-reader").await;
    give(
        t,
        &owner,
        "zz-org/zz-private",
        "zz-reader",
        RepositoryRole::Read,
    )
    .await;
    Estate {
        owner,
        member,
        reader,
        stranger: t.user("zz-stranger").await,
        robot: t.login("zz-org+zz-bot", token.token.expose()).await,
    }
}

const PUBLIC: [&str; 2] = ["repository zz-org/zz-public", "organization zz-org"];

/// What everybody sees, and these.
fn and(more: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = PUBLIC.iter().chain(more).map(ToString::to_string).collect();
    all.sort();
    all
}

async fn sorted(services: &Services, actor: &Actor) -> Vec<String> {
    let mut all = found(services, actor, "zz").await;
    all.sort();
    all
}

async fn with_token(t: &TestRegistry, owner: &Actor, scopes: &str) -> Actor {
    let token = t.oauth_token(owner, scopes).await;
    let bearer = t.services.authn.bearer(&token, Origin::default()).await;
    bearer.unwrap()
}

const REPOSITORIES: [&str; 2] = [
    "repository zz-org/zz-private",
    "repository zz-org/zz-secret",
];
const TEAM: &str = "team zz-org/of-zz-member";
const ROBOT: &str = "robot zz-org+zz-bot";

db_test!(
    async fn everybody_finds_what_they_may_see(t: TestRegistry) {
        let estate = estate(t).await;
        let [private, secret] = REPOSITORIES;
        for (actor, more) in [
            (&t.anonymous(), &[][..]),
            (&estate.stranger, &["user zz-stranger"]),
            (&estate.reader, &["user zz-reader", private]),
            (&estate.member, &["user zz-member", TEAM]),
            (&estate.robot, &[ROBOT]),
            (
                &estate.owner,
                &["user zz-owner", private, secret, TEAM, ROBOT],
            ),
        ] {
            assert_eq!(
                sorted(&t.services, actor).await,
                and(more),
                "{:?}",
                actor.name()
            );
        }
    }
);

db_test!(
    async fn a_token_finds_what_its_scopes_let_it_see(t: TestRegistry) {
        let estate = estate(t).await;
        let [private, secret] = REPOSITORIES;
        for (scopes, more) in [
            ("user:read", &["user zz-owner"][..]),
            ("repo:read", &["user zz-owner", private, secret]),
            ("repo:admin", &["user zz-owner", private, secret]),
            ("repo:create", &["user zz-owner", TEAM]),
            ("user:admin", &["user zz-owner"]),
            ("org:admin", &["user zz-owner", TEAM, ROBOT]),
            ("super:user", &["user zz-owner"]),
        ] {
            let actor = with_token(t, &estate.owner, scopes).await;
            assert_eq!(sorted(&t.services, &actor).await, and(more), "{scopes}");
        }
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn superusers_find_what_they_see_by_the_switches() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let mut settings = Settings::default();
        settings.users.superusers = Some(vec!["root".parse().unwrap()]);
        settings.users.read_only_superusers = vec!["auditor".parse().unwrap()];
        let Some(t) = TestRegistry::with(backend, settings.clone()).await else {
            continue;
        };
        estate(&t).await;
        let (root, auditor) = (t.user("root").await, t.user("auditor").await);
        let people = [
            "user zz-member",
            "user zz-owner",
            "user zz-reader",
            "user zz-stranger",
        ];
        assert_eq!(sorted(&t.services, &root).await, and(&people));
        let audited = [&people[..], &REPOSITORIES, &[TEAM]].concat();
        assert_eq!(sorted(&t.services, &auditor).await, and(&audited));
        settings.users.superusers_full_access = true;
        let full = t.replica(settings.clone());
        let password = Secret::from(PASSWORD);
        let root = full.authn.sign_in("root", &password, Origin::default());
        let everything = [&audited[..], &[ROBOT]].concat();
        assert_eq!(
            sorted(&full, &root.await.unwrap().actor).await,
            and(&everything)
        );
        settings.users.anonymous_access = false;
        let closed = t.replica(settings);
        assert_eq!(sorted(&closed, &t.anonymous()).await, [""; 0]);
        drop((full, closed));
        t.close().await;
    }
}

db_test!(
    async fn what_stops_being_public_or_ones_own_is_found_no_more(t: TestRegistry) {
        let estate = estate(t).await;
        let path = berth_testkit::path_of("zz-org/zz-public");
        let repositories = &t.services.repositories;
        let public = repositories.by_path(&estate.owner, &path).await.unwrap();
        let ids = [public.repository.id];
        let hide = repositories.change_visibility(
            &estate.owner,
            berth_services::many::Selection::Items(&ids[..]),
            Visibility::Private,
        );
        hide.await.unwrap();
        let none = [""; 0];
        assert_eq!(sorted(&t.services, &t.anonymous()).await, none);
        assert_eq!(
            sorted(&t.services, &estate.stranger).await,
            ["user zz-stranger"]
        );
        let id = repositories
            .by_path(&estate.owner, &berth_testkit::path_of("zz-org/zz-private"))
            .await
            .unwrap()
            .repository
            .id;
        let taken = berth_services::permissions::RoleChange {
            account: "zz-reader".to_owned(),
            role: None,
        };
        let permissions = &t.services.permissions;
        permissions.set(&estate.owner, id, &[taken]).await.unwrap();
        assert_eq!(
            sorted(&t.services, &estate.reader).await,
            ["user zz-reader"]
        );
    }
);
