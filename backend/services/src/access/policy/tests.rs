//! The policy as a table that is read in review: `access-matrix.txt` beside the crate's manifest.

use std::fmt::Write as _;

use berth_crypto::AccessEntry;
use berth_domain::{OAuthTokenId, RepositoryId, RobotName, Timestamp};
use berth_store::repositories::Repository;

use super::*;
use crate::actor::{Credential, Origin};

const OWNER: AccountId = AccountId(1);
const ORGANIZATION: AccountId = AccountId(2);
const SOMEBODY: AccountId = AccountId(3);

/// One row of the table: who asks, and what they are to the namespace and the repository.
struct Who {
    name: &'static str,
    actor: Actor,
    team: Option<TeamRole>,
    direct: Option<RepositoryRole>,
    through_team: Option<RepositoryRole>,
    full_access: bool,
}

fn actor(principal: Principal) -> Actor {
    Actor {
        principal,
        credential: Credential::Basic,
        scopes: Scopes::all(),
        grant: None,
        superuser: false,
        read_only_superuser: false,
        restricted: false,
        authenticated_at: None,
        app_token: None,
        application: None,
        origin: Origin::default(),
    }
}

fn user() -> Actor {
    actor(Principal::User {
        id: SOMEBODY,
        name: "somebody".parse().unwrap(),
    })
}

fn who(name: &'static str, actor: Actor) -> Who {
    Who {
        name,
        actor,
        team: None,
        direct: None,
        through_team: None,
        full_access: false,
    }
}

fn token(scopes: &str) -> Actor {
    Actor {
        credential: Credential::OAuth(OAuthTokenId(1)),
        scopes: scopes.parse().unwrap(),
        ..user()
    }
}

fn granted(actions: &[&str]) -> Actor {
    let actions = actions.iter().map(ToString::to_string).collect();
    let entry = AccessEntry {
        r#type: "repository".into(),
        name: "acme/app".into(),
        actions,
    };
    Actor {
        grant: Some(vec![entry]),
        ..user()
    }
}

fn everybody() -> Vec<Who> {
    let robot: RobotName = "acme+ci".parse().unwrap();
    let robot = actor(Principal::Robot {
        id: SOMEBODY,
        namespace_id: ORGANIZATION,
        name: robot,
    });
    let superuser = Actor {
        superuser: true,
        ..user()
    };
    let auditor = |scopes: &str| Actor {
        read_only_superuser: true,
        ..token(scopes)
    };
    let admin = Some(TeamRole::Admin);
    let write = Some(RepositoryRole::Write);
    vec![
        who("anonymous", actor(Principal::Anonymous)),
        who("stranger", user()),
        Who {
            direct: Some(RepositoryRole::Read),
            ..who("reader", user())
        },
        Who {
            direct: write,
            ..who("writer", user())
        },
        Who {
            direct: Some(RepositoryRole::Admin),
            ..who("repository admin", user())
        },
        Who {
            through_team: write,
            team: Some(TeamRole::Member),
            ..who("writer by team", user())
        },
        Who {
            team: Some(TeamRole::Member),
            ..who("team member", user())
        },
        Who {
            team: Some(TeamRole::Creator),
            ..who("team creator", user())
        },
        Who {
            team: admin,
            ..who("organization admin", user())
        },
        who("robot without role", robot.clone()),
        Who {
            direct: write,
            ..who("robot writer", robot)
        },
        who("superuser", superuser.clone()),
        Who {
            full_access: true,
            ..who("superuser, full access", superuser)
        },
        who(
            "read-only superuser",
            Actor {
                read_only_superuser: true,
                ..user()
            },
        ),
        who("auditor by repo:read token", auditor("repo:read")),
        who("auditor by super:user token", auditor("super:user")),
        Who {
            team: admin,
            ..who("admin by repo:read token", token("repo:read"))
        },
        Who {
            team: admin,
            ..who("admin by repo:write token", token("repo:write"))
        },
        Who {
            team: admin,
            ..who("admin by repo:create token", token("repo:create"))
        },
        Who {
            team: admin,
            ..who("admin by org:admin token", token("org:admin"))
        },
        Who {
            team: admin,
            ..who("admin granted pull", granted(&["pull"]))
        },
        Who {
            team: admin,
            ..who("admin granted push", granted(&["push"]))
        },
        Who {
            team: admin,
            ..who("admin granted nothing", granted(&[]))
        },
        who("the registry itself", actor(Principal::Worker("test"))),
    ]
}

fn facts(who: &Who, visibility: Visibility, state: RepositoryState) -> RepositoryFacts {
    let namespace = NamespaceFacts {
        id: ORGANIZATION,
        kind: AccountKind::Organization,
        name: "acme".parse().unwrap(),
        enabled: true,
        team_role: who.team,
    };
    let repository = Repository {
        id: RepositoryId(1),
        namespace_id: ORGANIZATION,
        namespace: namespace.name.clone(),
        name: "app".parse().unwrap(),
        visibility,
        state,
        description: String::new(),
        last_pushed_at: None,
        created_at: Timestamp(0),
    };
    RepositoryFacts {
        repository,
        namespace,
        direct_role: who.direct,
        team_role: who.through_team,
    }
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => "yes",
        Decision::Unauthenticated => "sign in",
        Decision::Hidden => "hidden",
        Decision::Forbidden => "forbidden",
    }
}

fn matrix() -> String {
    let mut table = String::from(
        "who                         | pull public | pull private | push      | push r/o  | describe  | see roles | administer | see ns    | create    | new robot | manage ns | see teams | see members | of own team\n",
    );
    for who in everybody() {
        let switches = Switches {
            superusers_full_access: who.full_access,
            anonymous_access: true,
        };
        let private = facts(&who, Visibility::Private, RepositoryState::Normal);
        let public = facts(&who, Visibility::Public, RepositoryState::Normal);
        let frozen = facts(&who, Visibility::Private, RepositoryState::ReadOnly);
        let repository = |facts, action| word(decide(&who.actor, facts, action, switches));
        let namespace = |action| {
            word(decide_namespace(
                &who.actor,
                &private.namespace,
                action,
                switches,
            ))
        };
        let members = |is_member| {
            let (organization, action) = (&private.namespace, TeamAction::ViewMembers);
            word(decide_team(
                &who.actor,
                organization,
                is_member,
                action,
                switches,
            ))
        };
        writeln!(
            table,
            "{:27} | {:11} | {:12} | {:9} | {:9} | {:9} | {:9} | {:10} | {:9} | {:9} | {:9} | {:9} | {:9} | {:11} | {}",
            who.name,
            repository(&public, RepositoryAction::Pull),
            repository(&private, RepositoryAction::Pull),
            repository(&private, RepositoryAction::Push),
            repository(&frozen, RepositoryAction::Push),
            repository(&frozen, RepositoryAction::Describe),
            repository(&private, RepositoryAction::SeeRoles),
            repository(&private, RepositoryAction::Administer),
            namespace(NamespaceAction::View),
            namespace(NamespaceAction::CreateRepository),
            namespace(NamespaceAction::CreateRobot),
            namespace(NamespaceAction::Administer),
            namespace(NamespaceAction::ViewTeams),
            members(false),
            members(who.team.is_some()),
        )
        .unwrap();
    }
    table
}

#[test]
fn the_policy_is_the_reviewed_matrix() {
    let reviewed = include_str!("../../../access-matrix.txt");
    assert_eq!(matrix(), reviewed, "\n{}", matrix());
}

#[test]
fn the_owner_of_a_user_namespace_administers_it_and_nobody_else_does() {
    let facts = NamespaceFacts {
        id: OWNER,
        kind: AccountKind::User,
        name: "ann".parse().unwrap(),
        enabled: true,
        team_role: None,
    };
    let owner = actor(Principal::User {
        id: OWNER,
        name: "ann".parse().unwrap(),
    });
    let decide =
        |actor: &Actor, action| decide_namespace(actor, &facts, action, Switches::default());
    for action in [
        NamespaceAction::View,
        NamespaceAction::CreateRepository,
        NamespaceAction::CreateRobot,
        NamespaceAction::Administer,
    ] {
        assert_eq!(decide(&owner, action), Decision::Allowed);
        assert_eq!(decide(&user(), action), Decision::Hidden);
    }
}

#[test]
fn who_manages_an_organization_manages_its_teams_and_users_have_none() {
    let organization = |who: &Who| facts(who, Visibility::Private, RepositoryState::Normal);
    for who in everybody() {
        let switches = Switches {
            superusers_full_access: who.full_access,
            anonymous_access: true,
        };
        let facts = organization(&who).namespace;
        let manages = decide_namespace(&who.actor, &facts, NamespaceAction::Administer, switches);
        for is_member in [false, true] {
            let decide = |facts: &NamespaceFacts, action| {
                decide_team(&who.actor, facts, is_member, action, switches) == Decision::Allowed
            };
            let allowed = manages == Decision::Allowed;
            assert_eq!(decide(&facts, TeamAction::Manage), allowed, "{}", who.name);
            let user = NamespaceFacts {
                kind: AccountKind::User,
                ..facts.clone()
            };
            for action in [
                TeamAction::View,
                TeamAction::ViewMembers,
                TeamAction::ViewRoles,
                TeamAction::Manage,
            ] {
                assert!(!decide(&user, action), "{} {action:?}", who.name);
            }
        }
    }
}

#[test]
fn a_restricted_user_creates_nothing_of_its_own_and_elsewhere_what_others_do() {
    let restricted = |superuser| Actor {
        restricted: true,
        superuser,
        ..user()
    };
    let decide = |actor: &Actor, facts: &NamespaceFacts, action| {
        let switches = Switches {
            superusers_full_access: true,
            anonymous_access: true,
        };
        decide_namespace(actor, facts, action, switches)
    };
    let own = NamespaceFacts {
        id: SOMEBODY,
        kind: AccountKind::User,
        name: "somebody".parse().unwrap(),
        enabled: true,
        team_role: None,
    };
    for actor in [restricted(false), restricted(true)] {
        for (action, decision) in [
            (NamespaceAction::View, Decision::Allowed),
            (NamespaceAction::CreateRepository, Decision::Forbidden),
            (NamespaceAction::CreateRobot, Decision::Forbidden),
            (NamespaceAction::Administer, Decision::Allowed),
        ] {
            assert_eq!(decide(&actor, &own, action), decision, "{action:?}");
        }
    }
    let organization = NamespaceFacts {
        id: ORGANIZATION,
        kind: AccountKind::Organization,
        team_role: Some(TeamRole::Admin),
        ..own
    };
    for action in [
        NamespaceAction::CreateRepository,
        NamespaceAction::CreateRobot,
    ] {
        let decision = decide(&restricted(false), &organization, action);
        assert_eq!(decision, Decision::Allowed, "{action:?}");
    }
}

#[test]
fn without_anonymous_access_even_public_repositories_ask_to_sign_in() {
    let nobody = who("anonymous", actor(Principal::Anonymous));
    let public = facts(&nobody, Visibility::Public, RepositoryState::Normal);
    let closed = Switches {
        anonymous_access: false,
        ..Switches::default()
    };
    let decision = decide(&nobody.actor, &public, RepositoryAction::Pull, closed);
    assert_eq!(decision, Decision::Unauthenticated);
}

#[test]
fn a_token_administers_only_what_takes_pushes() {
    let owner = who("owner", user());
    for (state, granted) in [
        (RepositoryState::Normal, true),
        (RepositoryState::ReadOnly, false),
        (RepositoryState::Mirror, false),
    ] {
        let mut facts = facts(&owner, Visibility::Private, state);
        facts.direct_role = Some(RepositoryRole::Admin);
        let grants = |action| grants(&owner.actor, &facts, action, Switches::default());
        assert!(grants(RepositoryAction::Pull));
        assert_eq!(
            (
                grants(RepositoryAction::Push),
                grants(RepositoryAction::Administer)
            ),
            (granted, granted)
        );
    }
}
