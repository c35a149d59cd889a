//! Changes of more repositories than one transaction takes: proven at once, made by and by, with the rights of the moment.

use std::time::Duration;

use berth_domain::{
    AccountId, BulkChangeKind, BulkChangeState, Clock as _, Error, PageRequest, RepositoryId,
    RepositoryRole, Visibility,
};
use berth_services::bulk_changes::{BulkChange, ENDED_KEPT, OPEN_MAX, Outcome, RoleSelection};
use berth_services::many::Selection;
use berth_services::permissions::{RoleChange, RoleIn, RoleSubject};
use berth_services::repositories::Filter;
use berth_services::{Actor, Credential, Origin, Settings};
use berth_store::{logs, oauth, repositories};
use berth_testkit::faults::{Fault, Faults};
use berth_testkit::{TestRegistry, db_test};

use super::faults::tried;
use super::ownership::session;
use super::people::{organization, repository, robot};

/// One more than one transaction takes.
const MANY: usize = 1_001;
/// Longer than the claim of a process that died.
const LATER: Duration = Duration::from_mins(11);

/// So many private repositories of an account.
async fn many(t: &TestRegistry, owner: AccountId, count: usize) -> Vec<RepositoryId> {
    let now = t.clock.now();
    t.db()
        .write(async |tx| {
            let mut ids = Vec::with_capacity(count);
            for n in 0..count {
                let name = format!("app{n:04}").parse()?;
                let private = Visibility::Private;
                ids.push(repositories::insert(tx, owner, &name, private, "", now).await?);
            }
            Ok(ids)
        })
        .await
        .unwrap()
}

fn begun<T: std::fmt::Debug>(outcome: Outcome<T>) -> BulkChange {
    match outcome {
        Outcome::Begun(change) => change,
        Outcome::Made(made) => panic!("it was made at once: {made:?}"),
    }
}

/// Asks for another visibility of all of these.
async fn publish(t: &TestRegistry, actor: &Actor, ids: &[RepositoryId]) -> BulkChange {
    let changes = &t.services.bulk_changes;
    let asked = changes.change_visibility(actor, Selection::Items(ids), Visibility::Public);
    begun(asked.await.unwrap())
}

async fn work(t: &TestRegistry) {
    t.work_after(LATER, "bulk_changes").await;
}

/// How many of these are public.
async fn public(t: &TestRegistry, ids: &[RepositoryId]) -> usize {
    let nobody = t.anonymous();
    let mut seen = 0;
    for some in ids.chunks(1_000) {
        let repositories = &t.services.repositories;
        seen += repositories.by_ids(&nobody, some).await.unwrap().len();
    }
    seen
}

async fn told(t: &TestRegistry, actor: &Actor, change: &BulkChange) -> BulkChange {
    let changes = &t.services.bulk_changes;
    changes.by_id(actor, change.id).await.unwrap()
}

/// How often the log of a repository tells of something, 100 at most.
async fn logged(t: &TestRegistry, id: RepositoryId, kind: &str) -> usize {
    let mut conn = t.db().read().await.unwrap();
    let entries = logs::of_repository(&mut conn, id).await.unwrap();
    entries.iter().filter(|entry| entry.0 == kind).count()
}

db_test!(
    async fn more_than_a_thousand_repositories_change_behind_the_request(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let ids = many(t, ann.user_id().unwrap(), MANY).await;
        let changes = &t.services.bulk_changes;
        // A thousand are made at once.
        let thousand = Selection::Items(&ids[..1_000]);
        let made = changes.change_visibility(&ann, thousand, Visibility::Private);
        assert!(matches!(made.await.unwrap(), Outcome::Made(_)));
        let asked = publish(t, &ann, &ids).await;
        assert_eq!(
            (asked.kind, asked.state, asked.total, asked.done),
            (
                BulkChangeKind::Visibility,
                BulkChangeState::Running,
                1_001,
                0
            )
        );
        assert_eq!(public(t, &ids).await, 0, "nothing is changed yet");
        work(t).await;
        let done = told(t, &ann, &asked).await;
        assert_eq!(
            (done.state, done.done, done.refused, done.ended_at.is_some()),
            (BulkChangeState::Done, 1_001, 0, true)
        );
        assert_eq!(public(t, &ids).await, MANY);
        for id in [ids[0], ids[MANY - 1]] {
            assert_eq!(logged(t, id, "change_repo_visibility").await, 1);
        }
        // By a filter, which finds what is administered alone.
        let theirs = repository(t, &bob, "bob", "app", Visibility::Public).await;
        let filter = Filter {
            search: Some("app".into()),
            ..Filter::default()
        };
        let asked = changes.delete(&ann, Selection::Matching(&filter)).await;
        let asked = begun(asked.unwrap());
        assert_eq!((asked.kind, asked.total), (BulkChangeKind::Deletion, 1_001));
        work(t).await;
        assert_eq!(public(t, &ids).await, 0);
        assert_eq!(public(t, &[theirs.repository.id]).await, 1);
        // The user alone sees how far it is.
        let page = changes.page(&ann, &PageRequest::new(None, 10)).await;
        let page: Vec<_> = page.unwrap().items.iter().map(|seen| seen.id).collect();
        assert_eq!(page, [asked.id, done.id]);
        let others = changes.page(&bob, &PageRequest::new(None, 10)).await;
        assert_eq!(others.unwrap().items, []);
        for refused in [
            changes.by_id(&bob, asked.id).await,
            changes.cancel(&bob, asked.id).await,
        ] {
            assert!(matches!(refused, Err(Error::Hidden(_))), "{refused:?}");
        }
        let refused = changes.by_id(&t.anonymous(), asked.id).await.unwrap_err();
        assert_eq!(refused.code(), "UNAUTHENTICATED");
        // An ended one is forgotten in time.
        t.work_after(ENDED_KEPT + LATER, "expiry_sweep").await;
        let forgotten = changes.by_id(&ann, asked.id).await;
        assert!(matches!(forgotten, Err(Error::Hidden(_))), "{forgotten:?}");
    }
);

db_test!(
    async fn a_large_change_is_refused_with_every_repository_in_the_way(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let mut ids = many(t, ann.user_id().unwrap(), MANY).await;
        let theirs = repository(t, &bob, "bob", "app", Visibility::Public).await;
        let absent = RepositoryId(i64::MAX);
        ids.insert(3, theirs.repository.id);
        ids.push(absent);
        let changes = &t.services.bulk_changes;
        let refused = changes.delete(&ann, Selection::Items(&ids)).await;
        let refused = refused.unwrap_err().causes;
        let places: Vec<usize> = refused.iter().map(|(place, _)| *place).collect();
        assert_eq!(places, [3, MANY + 1]);
        assert!(
            matches!(refused[0].1, Error::Forbidden { .. }),
            "{refused:?}"
        );
        assert!(matches!(refused[1].1, Error::Hidden(_)), "{refused:?}");
        let refused = changes.delete(&bob, Selection::Items(&ids)).await;
        assert_eq!(refused.unwrap_err().causes.len(), MANY + 1);
        let refused = changes.delete(&t.anonymous(), Selection::Items(&ids)).await;
        let refused = refused.unwrap_err().causes;
        assert!(
            matches!(refused[0].1, Error::Unauthenticated { .. }),
            "{refused:?}"
        );
        let none = changes.page(&ann, &PageRequest::new(None, 10)).await;
        assert_eq!(none.unwrap().items, []);
        work(t).await;
        assert_eq!(logged(t, ids[0], "delete_repo").await, 0);
    }
);

db_test!(
    async fn rights_that_are_lost_on_the_way_stop_what_they_were_for(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let ids = many(t, ann.user_id().unwrap(), MANY).await;
        let roles: Vec<RoleIn> = ids
            .iter()
            .map(|id| RoleIn {
                repository: *id,
                role: Some(RepositoryRole::Admin),
            })
            .collect();
        let changes = &t.services.bulk_changes;
        let subject = RoleSubject::Account("bob".into());
        let given = changes.set_permissions(&ann, &subject, RoleSelection::Items(&roles));
        let given = begun(given.await.unwrap());
        assert_eq!(given.kind, BulkChangeKind::Permissions);
        work(t).await;
        assert_eq!(told(t, &ann, &given).await.state, BulkChangeState::Done);
        let asked = publish(t, &bob, &ids).await;
        // Two are taken from bob, and one is no more.
        let take = [RoleChange {
            account: "bob".into(),
            role: None,
        }];
        for id in [ids[0], ids[900]] {
            let permissions = &t.services.permissions;
            permissions.set(&ann, id, &take).await.unwrap();
        }
        let repositories = &t.services.repositories;
        let gone = Selection::Items(&ids[500..501]);
        repositories.delete(&ann, gone).await.unwrap();
        work(t).await;
        let done = told(t, &bob, &asked).await;
        assert_eq!(
            (done.state, done.done, done.refused),
            (BulkChangeState::Done, 1_001, 3)
        );
        let causes: Vec<RepositoryId> = done.causes.iter().map(|cause| cause.repository).collect();
        assert_eq!(causes, [ids[0], ids[500], ids[900]]);
        assert_eq!(done.causes[0].code, "REPOSITORY_NOT_FOUND");
        assert_eq!(public(t, &ids).await, MANY - 3);
    }
);

db_test!(
    async fn a_large_change_ends_with_its_user_and_its_token(t: TestRegistry) {
        t.superuser("root").await;
        let ann = t.user("ann").await;
        let id = ann.user_id().unwrap();
        let ids = many(t, id, MANY).await;
        let let_in = async |enabled| {
            let root = session(&t.services, "root").await;
            let superuser = &t.services.superuser;
            superuser.set_enabled(&root, id, enabled).await.unwrap();
        };
        // A token is taken back before its change begins.
        let token = t.oauth_token(&ann, "repo:admin").await;
        let bearer = t.services.authn.bearer(&token, Origin::default());
        let bearer = bearer.await.unwrap();
        let asked = publish(t, &bearer, &ids).await;
        let Credential::OAuth(token) = bearer.credential() else {
            panic!("not by a token")
        };
        t.db()
            .write(async |tx| oauth::delete_token(tx, token).await)
            .await
            .unwrap();
        work(t).await;
        let ended = told(t, &ann, &asked).await;
        assert_eq!((ended.state, ended.done), (BulkChangeState::Failed, 0));
        assert!(ended.error.is_some());
        assert_eq!(public(t, &ids).await, 0);
        // A token without the scope begins none.
        let narrow = t.oauth_token(&ann, "repo:write user:admin").await;
        let narrow = t.services.authn.bearer(&narrow, Origin::default());
        let narrow = narrow.await.unwrap();
        let changes = &t.services.bulk_changes;
        let refused = changes.delete(&narrow, Selection::Items(&ids)).await;
        assert!(refused.is_err());
        // A session that ends leaves its change alone, and a user who is shut out ends it.
        let browser = session(&t.services, "ann").await;
        let asked = publish(t, &browser, &ids).await;
        t.services.authn.sign_out(&browser).await.unwrap();
        let_in(false).await;
        work(t).await;
        let_in(true).await;
        let ended = told(t, &ann, &asked).await;
        assert_eq!((ended.state, ended.done), (BulkChangeState::Failed, 0));
        let browser = session(&t.services, "ann").await;
        let asked = publish(t, &browser, &ids).await;
        t.services.authn.sign_out(&browser).await.unwrap();
        work(t).await;
        assert_eq!(told(t, &ann, &asked).await.state, BulkChangeState::Done);
        assert_eq!(public(t, &ids).await, MANY);
    }
);

db_test!(
    async fn a_large_change_goes_on_where_a_process_died(t: TestRegistry) {
        let ann = t.user("ann").await;
        let ids = many(t, ann.user_id().unwrap(), MANY).await;
        let mut wanted = Visibility::Public;
        t.services.workers().prepare().await.unwrap();
        // It dies before its first step is written, and when the second and the fourth one are.
        for (round, (call, fault, stood)) in [
            (3, Fault::Before, 0),
            (2, Fault::After, 500),
            (4, Fault::After, 1_000),
        ]
        .into_iter()
        .enumerate()
        {
            let changes = &t.services.bulk_changes;
            let asked = changes.change_visibility(&ann, Selection::Items(&ids), wanted);
            let asked = begun(asked.await.unwrap());
            let faults = Faults::from(call, fault);
            let faulty = t.faulty(Settings::default(), &faults).workers();
            t.clock.advance(LATER);
            let _ = tried(&faults, faulty.run_kind_if_due("bulk_changes")).await;
            assert!(faults.has_failed(), "call {call} is reached");
            faults.end();
            let halfway = told(t, &ann, &asked).await;
            assert_eq!(
                (halfway.state, halfway.done),
                (BulkChangeState::Running, stood)
            );
            // Another one takes over when the claim is over.
            work(t).await;
            let done = told(t, &ann, &asked).await;
            assert_eq!((done.state, done.done), (BulkChangeState::Done, 1_001));
            let (expected, next) = match wanted {
                Visibility::Public => (MANY, Visibility::Private),
                Visibility::Private => (0, Visibility::Public),
            };
            assert_eq!(public(t, &ids).await, expected);
            wanted = next;
            // Each is changed once, and so it is logged.
            for id in [ids[0], ids[499], ids[500], ids[MANY - 1]] {
                let log = logged(t, id, "change_repo_visibility").await;
                assert_eq!(log, round + 1);
            }
        }
    }
);

db_test!(
    async fn a_large_change_is_cancelled_and_a_user_has_ten_at_most(t: TestRegistry) {
        let ann = t.user("ann").await;
        let ids = many(t, ann.user_id().unwrap(), MANY).await;
        let mut asked = Vec::new();
        for _ in 0..OPEN_MAX {
            asked.push(publish(t, &ann, &ids).await);
        }
        let changes = &t.services.bulk_changes;
        let refused = changes.delete(&ann, Selection::Items(&ids)).await;
        let refused = refused.unwrap_err().causes;
        assert!(
            matches!(refused[0].1, Error::Conflict { .. }),
            "{refused:?}"
        );
        for change in &asked {
            let ended = changes.cancel(&ann, change.id).await.unwrap();
            assert_eq!(ended.state, BulkChangeState::Cancelled);
            let again = changes.cancel(&ann, change.id).await.unwrap();
            assert_eq!(again, ended);
        }
        work(t).await;
        assert_eq!(public(t, &ids).await, 0);
        // While the registry takes no writes, what was asked for waits.
        let asked = publish(t, &ann, &ids).await;
        let mut settings = Settings::default();
        settings.registry.read_only = true;
        let replica = t.replica(settings);
        t.clock.advance(LATER);
        let ran = replica.workers().run_kind_if_due("bulk_changes").await;
        assert!(ran.unwrap());
        drop(replica);
        assert_eq!(told(t, &ann, &asked).await.state, BulkChangeState::Running);
        work(t).await;
        assert_eq!(told(t, &ann, &asked).await.state, BulkChangeState::Done);
    }
);

db_test!(
    async fn one_robot_gets_a_role_in_everything_that_a_filter_finds(t: TestRegistry) {
        let ann = t.user("ann").await;
        let acme = organization(t, &ann, "acme").await.id;
        robot(t, &ann, "acme", "ci").await;
        let ids = many(t, acme, MANY).await;
        repository(t, &ann, "ann", "own", Visibility::Private).await;
        let changes = &t.services.bulk_changes;
        let (ci, write) = (
            RoleSubject::Account("acme+ci".into()),
            Some(RepositoryRole::Write),
        );
        let of = |namespace: Option<&str>, search: &str| Filter {
            namespace: namespace.map(str::to_owned),
            search: Some(search.to_owned()),
            ..Filter::default()
        };
        let all = of(Some("acme"), "app");
        let asked = changes.set_permissions(&ann, &ci, RoleSelection::Matching(&all, write));
        let asked = begun(asked.await.unwrap());
        work(t).await;
        assert_eq!(told(t, &ann, &asked).await.state, BulkChangeState::Done);
        let permissions = &t.services.permissions;
        for id in [ids[0], ids[MANY - 1]] {
            let held = permissions.list(&ann, id).await.unwrap().unwrap();
            assert_eq!(
                (&*held[0].account, held[0].role),
                ("acme+ci", RepositoryRole::Write)
            );
        }
        // A few are changed at once, none is fine.
        let few = of(Some("acme"), "app000");
        let made = changes.set_permissions(&ann, &ci, RoleSelection::Matching(&few, None));
        let Outcome::Made(made) = made.await.unwrap() else {
            panic!("ten are not many")
        };
        assert_eq!(made.len(), 10);
        assert_eq!(permissions.list(&ann, ids[0]).await.unwrap().unwrap(), []);
        let none = of(Some("acme"), "nothing-of-the-kind");
        let made = changes.set_permissions(&ann, &ci, RoleSelection::Matching(&none, write));
        assert!(matches!(made.await.unwrap(), Outcome::Made(none) if none.is_empty()));
        // Not a robot that is not there, not in two namespaces, and not for who may not.
        let everywhere = Filter::default();
        for (subject, filter, field) in [
            (RoleSubject::Account("acme+none".into()), &all, "account"),
            (RoleSubject::Team("none".into()), &all, "team"),
            (ci.clone(), &everywhere, "roles"),
        ] {
            let selection = RoleSelection::Matching(filter, write);
            let refused = changes.set_permissions(&ann, &subject, selection).await;
            let refused = refused.unwrap_err().causes;
            assert_eq!(refused[0].1.field(), Some(field), "{refused:?}");
        }
        let selection = RoleSelection::Matching(&all, write);
        let refused = changes
            .set_permissions(&t.anonymous(), &ci, selection)
            .await;
        let refused = refused.unwrap_err().causes;
        assert!(
            matches!(refused[0].1, Error::Unauthenticated { .. }),
            "{refused:?}"
        );
        // A robot that goes ends what it was to get.
        let asked = changes.set_permissions(&ann, &ci, RoleSelection::Matching(&all, write));
        let asked = begun(asked.await.unwrap());
        let robots = &t.services.robots;
        let filter = berth_services::robots::RobotFilter {
            namespace: "acme".parse().unwrap(),
            search: None,
        };
        robots
            .delete(&ann, Selection::Matching(&filter))
            .await
            .unwrap();
        work(t).await;
        let ended = told(t, &ann, &asked).await;
        assert_eq!((ended.state, ended.done), (BulkChangeState::Failed, 0));
    }
);
