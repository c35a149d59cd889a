//! Names that are offered while somebody types.

use berth_domain::{EntityKind, TeamRole};
use berth_services::search::{Wanted, Within};
use berth_services::{Actor, Origin, Services};
use berth_testkit::{TestRegistry, db_test};

use super::super::people::{join, organization, robot};

const ALL: [EntityKind; 4] = [
    EntityKind::User,
    EntityKind::Robot,
    EntityKind::Team,
    EntityKind::Organization,
];

/// What is offered, in a word and a name; a member has a star.
async fn offered(
    services: &Services,
    actor: &Actor,
    prefix: &str,
    within: Option<Within<'_>>,
    limit: usize,
) -> Vec<String> {
    let wanted = Wanted {
        prefix,
        within,
        kinds: &ALL,
        limit,
    };
    let found = services.search.entities(actor, &wanted).await.unwrap();
    let shown = found.iter().map(|entity| {
        let star = if entity.is_member == Some(true) {
            "*"
        } else {
            ""
        };
        format!("{} {}{star}", entity.kind, entity.name)
    });
    shown.collect()
}

/// An organization `anchor` of ann, with the teams `anvils` and `owners`, the robot `ant`, and andy in a team.
async fn anchor(t: &TestRegistry) -> (Actor, Actor, Actor) {
    let (ann, andy, eve) = (
        t.user("ann").await,
        t.user("andy").await,
        t.user("eve").await,
    );
    organization(t, &ann, "anchor").await;
    robot(t, &ann, "anchor", "ant").await;
    robot(t, &ann, "ann", "anna").await;
    join(t, "anchor", "andy", TeamRole::Member).await;
    let teams = &t.services.teams;
    let (name, team) = ("anchor".parse().unwrap(), "anvils".parse().unwrap());
    teams
        .create(&ann, &name, &team, TeamRole::Member, "")
        .await
        .unwrap();
    (ann, andy, eve)
}

db_test!(
    async fn teams_come_first_and_then_users_and_robots_by_what_matches(t: TestRegistry) {
        let (ann, andy, eve) = anchor(t).await;
        let within = Some(Within::Name("anchor"));
        let of = async |actor: &Actor, prefix: &str| {
            offered(&t.services, actor, prefix, within, 10).await
        };
        let member = [
            "team anvils*",
            "user andy*",
            "user ann*",
            "robot anchor+ant*",
        ];
        let owner = [&member[..], &["organization anchor*"]].concat();
        assert_eq!(of(&ann, "an").await, owner);
        assert_eq!(of(&andy, "an").await, member);
        // Of what is theirs nothing is told to others, and to nobody who is in it.
        let people = ["user andy", "user ann"];
        assert_eq!(of(&eve, "an").await, people);
        assert_eq!(of(&t.anonymous(), "an").await, people);
        assert_eq!(of(&ann, "ÀN").await, owner);
        assert_eq!(of(&ann, " anv").await, ["team anvils*"]);
        assert_eq!(of(&ann, "anchor+an").await, ["robot anchor+ant*"]);
        assert_eq!(of(&ann, "other+an").await, [""; 0]);
        for nothing in ["zz", "an%", "a_n", "an\0", "', "] {
            assert_eq!(of(&ann, nothing).await, [""; 0], "{nothing:?}");
        }
        // Nobody is offered all users, but what is in the organization is.
        let all = of(&andy, "").await;
        assert_eq!(
            all,
            [
                "team anvils*",
                "team of-andy*",
                "team owners*",
                "robot anchor+ant*"
            ]
        );
        assert_eq!(of(&eve, "").await, [""; 0]);
    }
);

db_test!(
    async fn robots_of_a_user_are_offered_to_that_user(t: TestRegistry) {
        let (ann, andy, _) = anchor(t).await;
        let within = Some(Within::Name("ann"));
        let own = offered(&t.services, &ann, "ann", within, 10).await;
        assert_eq!(own, ["user ann", "robot ann+anna"]);
        let others = offered(&t.services, &andy, "ann", within, 10).await;
        assert_eq!(others, ["user ann"]);
        let nowhere = Some(Within::Name("no such name"));
        assert_eq!(
            offered(&t.services, &ann, "ann", nowhere, 10).await,
            ["user ann"]
        );
        assert_eq!(
            offered(&t.services, &ann, "an", None, 1).await,
            ["user andy"]
        );
    }
);

db_test!(
    async fn a_token_is_offered_what_its_scopes_reach(t: TestRegistry) {
        let (ann, ..) = anchor(t).await;
        let people = ["user andy", "user ann"];
        let within = Some(Within::Name("anchor"));
        for (scopes, all) in [
            ("user:read", &people[..]),
            ("repo:admin", &people),
            (
                "repo:create",
                &[
                    "team anvils*",
                    "user andy*",
                    "user ann*",
                    "robot anchor+ant*",
                ],
            ),
        ] {
            let token = t.oauth_token(&ann, scopes).await;
            let actor = t.services.authn.bearer(&token, Origin::default()).await;
            let offered = offered(&t.services, &actor.unwrap(), "an", within, 10).await;
            assert_eq!(offered, all, "{scopes}");
        }
    }
);

db_test!(
    async fn without_completion_the_whole_name_alone_finds_somebody(t: TestRegistry) {
        let (ann, ..) = anchor(t).await;
        let mut settings = t.services.settings().clone();
        settings.users.partial_autocomplete = false;
        settings.users.anonymous_access = false;
        let services = t.replica(settings);
        let within = Some(Within::Name("anchor"));
        let of = async |prefix: &str| offered(&services, &ann, prefix, within, 10).await;
        assert_eq!(of("an").await, ["team anvils*", "organization anchor*"]);
        assert_eq!(of("ann").await, ["user ann*"]);
        assert_eq!(of("ant").await, ["robot anchor+ant*"]);
        let nobody = offered(&services, &t.anonymous(), "ann", None, 10).await;
        assert_eq!(nobody, [""; 0]);
    }
);
