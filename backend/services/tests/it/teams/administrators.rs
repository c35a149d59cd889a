//! Two administrators at once: whatever each of them does to the other or to itself, an organization keeps one.

use berth_domain::{Error, Namespace, TeamId, TeamRole};
use berth_services::Actor;
use berth_services::teams::TeamKey;
use berth_testkit::{TestRegistry, db_test};

use super::role;
use crate::ownership::session;
use crate::people::organization;

/// An administrator, by a team of its own.
struct Side {
    actor: Actor,
    name: String,
    team: TeamId,
}

/// Every way in which an administrator is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    DemoteTheirTeam,
    DeleteTheirTeam,
    TakeThemOutOfTheirTeam,
    RemoveThem,
    Leave,
    DeleteOwnAccount,
}

const WAYS: [Way; 6] = [
    Way::DemoteTheirTeam,
    Way::DeleteTheirTeam,
    Way::TakeThemOutOfTheirTeam,
    Way::RemoveThem,
    Way::Leave,
    Way::DeleteOwnAccount,
];

impl Way {
    async fn go(
        self,
        t: &TestRegistry,
        organization: &Namespace,
        own: &Side,
        other: &Side,
    ) -> Result<(), Error> {
        let (teams, theirs) = (&t.services.teams, TeamKey::Id(other.team));
        match self {
            Self::DemoteTheirTeam => {
                let lower = role(TeamRole::Member);
                teams.update(&own.actor, theirs, &lower).await?;
            }
            Self::DeleteTheirTeam => {
                teams.delete(&own.actor, theirs).await?;
            }
            Self::TakeThemOutOfTheirTeam => {
                teams.remove_member(&own.actor, theirs, &other.name).await?;
            }
            Self::RemoveThem => {
                teams
                    .remove_person(&own.actor, organization, &other.name)
                    .await?;
            }
            Self::Leave => {
                let ours = TeamKey::Id(own.team);
                teams.remove_member(&own.actor, ours, &own.name).await?;
            }
            Self::DeleteOwnAccount => t.services.accounts.delete(&own.actor).await?,
        }
        Ok(())
    }
}

/// A new organization with two administrators.
async fn with_two(t: &TestRegistry, number: usize) -> (Namespace, Side, Side) {
    let [first, second] = ["ann", "bob"].map(|name| format!("{name}{number}"));
    for name in [&first, &second] {
        t.user(name).await;
    }
    let one = session(&t.services, &first).await;
    let two = session(&t.services, &second).await;
    let name = format!("acme{number}");
    organization(t, &one, &name).await;
    let name: Namespace = name.parse().unwrap();
    let teams = &t.services.teams;
    let key = TeamKey::Name {
        organization: &name,
        team: "owners",
    };
    let owners = teams.get(&one, key).await.unwrap().id;
    let others = "others".parse().unwrap();
    let others = teams.create(&one, &name, &others, TeamRole::Admin, "");
    let others = others.await.unwrap().id;
    teams
        .add_member(&one, TeamKey::Id(others), &second)
        .await
        .unwrap();
    let side = |actor, name, team| Side { actor, name, team };
    (name, side(one, first, owners), side(two, second, others))
}

db_test!(
    async fn whatever_two_administrators_do_at_once_one_of_them_stays(t: TestRegistry) {
        // Superusers take over what they delete; these are none.
        t.superuser("root").await;
        let pairs = WAYS
            .iter()
            .flat_map(|one| WAYS.iter().map(move |two| (*one, *two)));
        for (number, (by_one, by_two)) in pairs.enumerate() {
            let (name, one, two) = with_two(t, number).await;
            let done = tokio::join!(
                by_one.go(t, &name, &one, &two),
                by_two.go(t, &name, &two, &one)
            );
            let what = format!("{by_one:?} {:?}, {by_two:?} {:?}", done.0, done.1);
            for error in [&done.0, &done.1]
                .into_iter()
                .filter_map(|done| done.as_ref().err())
            {
                assert!(!error.is_fault(), "{what}");
            }
            assert!(done.0.is_ok() || done.1.is_ok(), "{what}");
            let mut left = 0;
            for (side, way, done) in [(&one, by_one, &done.0), (&two, by_two, &done.1)] {
                if way == Way::DeleteOwnAccount && done.is_ok() {
                    continue;
                }
                let seen = t.services.organizations.by_name(&side.actor, &name).await;
                left += usize::from(seen.is_ok_and(|seen| seen.can_administer));
            }
            assert!(left > 0, "nobody is left: {what}");
        }
    }
);
