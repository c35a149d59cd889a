//! What search finds things by follows them, whoever writes.

use berth_domain::{
    AccountId, AccountKind, Namespace, RepositoryId, TeamRole, Timestamp, Visibility,
};
use berth_store::robots::NewRobot;
use berth_store::{Conn, Db, accounts, organizations, repositories, robots, teams};
use berth_testkit::{Backend, TestDatabase};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// The migration that makes the index, each way.
fn migration(db: &Db) -> [&'static str; 2] {
    macro_rules! both {
        ($database:literal) => {
            [
                include_str!(concat!(
                    "../../../../migrations/",
                    $database,
                    "/2026-11-30-000006_search/down.sql"
                )),
                include_str!(concat!(
                    "../../../../migrations/",
                    $database,
                    "/2026-11-30-000006_search/up.sql"
                )),
            ]
        };
    }
    if db.kind() == "sqlite" {
        both!("sqlite")
    } else {
        both!("postgres")
    }
}

#[derive(QueryableByName, Debug, PartialEq, Eq)]
struct Kept {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    subject_id: i64,
    #[diesel(sql_type = BigInt)]
    namespace_id: i64,
    #[diesel(sql_type = Bool)]
    is_public: bool,
    #[diesel(sql_type = BigInt)]
    rank: i64,
    #[diesel(sql_type = Text)]
    part: String,
}

/// All parts but those of what is in a namespace that is being removed.
async fn parts(db: &Db) -> Vec<Kept> {
    const ALL: &str = "select s.kind, s.subject_id, s.namespace_id, s.is_public, s.rank, s.part from search_parts s \
         join accounts n on n.id = s.namespace_id where n.deleting_at is null \
         order by s.kind, s.subject_id, s.rank, s.part";
    match &mut db.read().await.unwrap() {
        Conn::Pg(c) => diesel::sql_query(ALL).load(&mut **c).await.unwrap(),
        Conn::Lite(c) => diesel::sql_query(ALL).load(&mut **c).await.unwrap(),
    }
}

/// The beginning and the publicity of each name, and the words of descriptions.
fn told(parts: &[Kept]) -> Vec<String> {
    let told = parts.iter().filter(|part| part.rank != 1);
    let word = |part: &Kept| {
        let public = if part.is_public { " public" } else { "" };
        format!("{} {}{public}", part.kind, part.part)
    };
    told.map(word).collect()
}

/// Makes the index anew: what was kept and what a migration fills it with are the same.
async fn check(db: &Db) -> Vec<Kept> {
    let kept = parts(db).await;
    for step in migration(db) {
        db.write(async |tx| {
            match &mut **tx {
                Conn::Pg(c) => c.batch_execute(step).await.unwrap(),
                Conn::Lite(c) => c.batch_execute(step).await.unwrap(),
            }
            Ok(())
        })
        .await
        .unwrap();
    }
    let made = parts(db).await;
    assert_eq!(kept, made, "{}", db.kind());
    kept
}

struct Made {
    ann: AccountId,
    acme: AccountId,
    robot: AccountId,
    app: RepositoryId,
}

async fn make(db: &Db) -> Made {
    db.write(async |tx| {
        let name = |name: &str| name.parse::<Namespace>();
        let (user, organization) = (AccountKind::User, AccountKind::Organization);
        let ann = accounts::insert(tx, "a", user, &name("ann")?, None, NOW).await?;
        let acme = accounts::insert(tx, "b", organization, &name("acme")?, None, NOW).await?;
        let robot = "acme+ci".parse()?;
        let new = NewRobot {
            uuid: "c",
            namespace_id: acme,
            name: &robot,
            description: "",
            metadata: "{}",
            token_sealed: "x",
            token_hash: "y",
        };
        let robot = robots::insert(tx, &new, NOW).await?;
        teams::insert(tx, acme, "owners", TeamRole::Admin, NOW).await?;
        let (app, public) = ("web_app".parse()?, Visibility::Public);
        let about = "The Red-is cache, für コン 9x";
        let app = repositories::insert(tx, acme, &app, public, about, NOW).await?;
        let other = "deep/app".parse()?;
        repositories::insert(tx, ann, &other, Visibility::Private, "", NOW).await?;
        Ok(Made {
            ann,
            acme,
            robot,
            app,
        })
    })
    .await
    .unwrap()
}

async fn follows(database: &TestDatabase) {
    let db = &database.db;
    let Made {
        ann,
        acme,
        robot,
        app,
    } = make(db).await;
    let described = [
        "9x",
        "cache, für コン 9x",
        "für コン 9x",
        "is cache, für コン 9x",
        "red-is cache, für コン 9x",
        "the red-is cache, für コン",
        "ür コン 9x",
        "コン 9x",
        "ン 9x",
    ];
    let mut expected = vec!["organization acme public".to_owned()];
    expected.push("repository web_app public".to_owned());
    expected.extend(described.map(|word| format!("repository {word} public")));
    for name in ["repository deep/app", "robot ci", "team owners", "user ann"] {
        expected.push(name.to_owned());
    }
    assert_eq!(told(&check(db).await), expected);

    // Another name, and nothing public any more; a word in the description that has only one letter.
    db.write(async |tx| {
        accounts::rename(tx, acme, &"zeta".parse()?).await?;
        repositories::set_visibility(tx, app, Visibility::Private).await?;
        repositories::set_description(tx, app, "a").await
    })
    .await
    .unwrap();
    let expected = [
        "organization zeta",
        "repository web_app",
        "repository a",
        "repository deep/app",
        "robot ci",
        "team owners",
        "user ann",
    ];
    assert_eq!(told(&check(db).await), expected);

    // Of two public ones the last makes a namespace private again.
    db.write(async |tx| {
        let name = "other".parse()?;
        let other = repositories::insert(tx, acme, &name, Visibility::Public, "", NOW).await?;
        repositories::set_visibility(tx, app, Visibility::Public).await?;
        repositories::mark_deleting(tx, other, NOW).await
    })
    .await
    .unwrap();
    assert!(told(&check(db).await).contains(&"organization zeta public".to_owned()));
    db.write(async |tx| {
        repositories::mark_deleting(tx, app, NOW).await?;
        robots::delete(tx, &[robot]).await?;
        let team = teams::by_name(tx, acme, &"owners".parse()?).await?;
        teams::delete(tx, team.unwrap().id).await
    })
    .await
    .unwrap();
    let left = told(&check(db).await);
    assert!(left.contains(&"organization zeta".to_owned()), "{left:?}");
    assert!(
        !left
            .iter()
            .any(|part| part.starts_with("robot") || part.starts_with("team"))
    );

    // What is being removed is gone with its rows.
    db.write(async |tx| organizations::mark_deleting(tx, &[ann, acme], NOW).await)
        .await
        .unwrap();
    check(db).await;
    let rows = format!("delete from accounts where id in ({ann}, {acme})");
    db.write(async |tx| {
        match &mut **tx {
            Conn::Pg(c) => c.batch_execute(&rows).await.unwrap(),
            Conn::Lite(c) => c.batch_execute(&rows).await.unwrap(),
        }
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(check(db).await, []);
    let count = "select cast(count(*) as bigint) as subject_id, '' as kind, cast(0 as bigint) as namespace_id, \
                 false as is_public, cast(0 as bigint) as rank, '' as part from search_parts";
    let left: Vec<Kept> = match &mut db.read().await.unwrap() {
        Conn::Pg(c) => diesel::sql_query(count).load(&mut **c).await.unwrap(),
        Conn::Lite(c) => diesel::sql_query(count).load(&mut **c).await.unwrap(),
    };
    assert_eq!(left[0].subject_id, 0, "no part is left over");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_follows_every_change_and_is_what_a_migration_fills_in() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        if let Some(database) = TestDatabase::new(backend).await {
            follows(&database).await;
            database.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_changes_of_what_is_public_at_once_leave_the_truth() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(database) = TestDatabase::new(backend).await else {
            continue;
        };
        let db = &database.db;
        let Made { acme, app, .. } = make(db).await;
        for round in 0..10 {
            let (hidden, shown) = (Visibility::Private, Visibility::Public);
            let name = format!("app{round}").parse().unwrap();
            let add =
                db.write(async |tx| repositories::insert(tx, acme, &name, shown, "", NOW).await);
            let hide = db.write(async |tx| repositories::set_visibility(tx, app, hidden).await);
            let (added, hid) = tokio::join!(add, hide);
            hid.unwrap();
            check(db).await;
            let added = added.unwrap();
            let show = db.write(async |tx| repositories::set_visibility(tx, app, shown).await);
            let remove = db.write(async |tx| repositories::mark_deleting(tx, added, NOW).await);
            let (showed, removed) = tokio::join!(show, remove);
            showed.unwrap();
            assert!(removed.unwrap());
            check(db).await;
        }
        database.close().await;
    }
}
