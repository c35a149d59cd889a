//! Words for what these tests set up again and again.

use berth_domain::{Clock as _, TeamRole, Visibility};
use berth_services::Actor;
use berth_services::organizations::NamespaceView;
use berth_services::repositories::RepositoryView;
use berth_services::robots::RobotView;
use berth_store::{accounts, teams};
use berth_testkit::TestRegistry;

pub(crate) async fn repository(
    t: &TestRegistry,
    actor: &Actor,
    namespace: &str,
    name: &str,
    visibility: Visibility,
) -> RepositoryView {
    t.services
        .repositories
        .create(
            actor,
            &namespace.parse().unwrap(),
            &name.parse().unwrap(),
            visibility,
            "",
        )
        .await
        .unwrap()
}

pub(crate) async fn organization(t: &TestRegistry, actor: &Actor, name: &str) -> NamespaceView {
    t.services
        .organizations
        .create(actor, &name.parse().unwrap(), None)
        .await
        .unwrap()
}

pub(crate) async fn robot(
    t: &TestRegistry,
    actor: &Actor,
    namespace: &str,
    short: &str,
) -> RobotView {
    t.services
        .robots
        .create(actor, &namespace.parse().unwrap(), short, "")
        .await
        .unwrap()
}

/// Puts a user into a new team of an organization.
pub(crate) async fn join(t: &TestRegistry, organization: &str, name: &str, role: TeamRole) {
    let (organization, user) = (organization.parse().unwrap(), name.parse().unwrap());
    let now = t.clock.now();
    t.db()
        .write(async |tx| {
            let organization = accounts::by_name(tx, &organization).await?.unwrap();
            let user = accounts::by_name(tx, &user).await?.unwrap();
            let team = teams::insert(tx, organization.id, &format!("of-{name}"), role, now).await?;
            teams::add_member(tx, team, user.id, now).await
        })
        .await
        .unwrap();
}
