//! Words for what these tests set up again and again.

use berth_domain::Visibility;
use berth_services::Actor;
use berth_services::organizations::NamespaceView;
use berth_services::repositories::RepositoryView;
use berth_services::robots::RobotView;
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
