//! Organizations.

use berth_domain::{Event, TeamRole};
use berth_services::Settings;
use berth_store::{accounts, teams};
use berth_testkit::{TestRegistry, db_test};
use serde_json::{Value, json};

use crate::api::{ALL_SCOPES, Api, Who, token, user, with_settings};

/// Puts a user into a new team of an organization.
pub(crate) async fn join(t: &TestRegistry, organization: &str, name: &str, role: TeamRole) {
    let now = berth_domain::Clock::now(&*t.clock);
    t.db()
        .write(async |tx| {
            let organization = accounts::by_name(tx, &organization.parse()?)
                .await?
                .unwrap();
            let user = accounts::by_name(tx, &name.parse()?).await?.unwrap();
            let team = teams::insert(tx, organization.id, &format!("of-{name}"), role, now).await?;
            teams::add_member(tx, team, user.id, now).await
        })
        .await
        .unwrap();
}

async fn acme(api: &Api, owner: &Who) {
    let body = json!({ "name": "acme", "email": "owners@acme.example" });
    let made = api.post(owner, "/organization/", &body).await;
    assert_eq!(made.told(), (201, json!("Created")));
}

db_test!(
    async fn an_organization_has_a_face_for_everybody_and_more_for_its_own(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        let (mia, stranger) = (
            user(t, "mia", ALL_SCOPES).await,
            user(t, "eve", ALL_SCOPES).await,
        );
        acme(&api, &ann).await;
        join(t, "acme", "mia", TeamRole::Member).await;
        let face = api.get(&Who::Nobody, "/organization/acme").await.json();
        // The picture is that of the address, which nobody learns from it.
        assert_eq!(
            face,
            json!({
                "name": "acme", "email": "", "is_admin": false, "is_member": false,
                "avatar": {
                    "name": "acme", "kind": "user", "color": face["avatar"]["color"],
                    "hash": face["avatar"]["hash"],
                },
            })
        );
        assert_eq!(api.get(&stranger, "/organization/acme").await.json(), face);
        let mut members = face.clone();
        members["is_member"] = json!(true);
        let seen = api.get(&mia, "/organization/acme").await.json();
        let team = |name: &str, role: &str, can_view: bool| {
            json!({
                "name": name, "description": "", "role": role, "can_view": can_view,
                "avatar": seen["teams"][name]["avatar"], "repo_count": 0, "member_count": 1,
                "is_synced": false,
            })
        };
        assert_eq!(seen["teams"]["owners"]["avatar"]["kind"], json!("team"));
        members["ordered_teams"] = json!(["owners", "of-mia"]);
        members["teams"] = json!({
            "owners": team("owners", "admin", false), "of-mia": team("of-mia", "member", true),
        });
        assert_eq!(seen, members);
        let mut admins = members.clone();
        admins["teams"]["owners"]["can_view"] = json!(true);
        admins["is_admin"] = json!(true);
        admins["email"] = json!("owners@acme.example");
        admins["invoice_email"] = json!(false);
        admins["invoice_email_address"] = Value::Null;
        admins["tag_expiration_s"] = json!(1_209_600);
        admins["is_free_account"] = json!(true);
        assert_eq!(api.get(&ann, "/organization/acme").await.json(), admins);
        // A token without a scope for teams does not even make its owner a member.
        let small = token(t, "ann", "repo:read").await;
        assert_eq!(api.get(&small, "/organization/acme").await.json(), face);
        for absent in [
            "/organization/none",
            "/organization/ann",
            "/organization/No%20Name",
        ] {
            assert_eq!(
                api.get(&ann, absent).await.problem(),
                (404, "Not Found".into()),
                "{absent}"
            );
        }
    }
);

db_test!(
    async fn what_cannot_be_created_is_told_in_the_words_that_scripts_match(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        acme(&api, &ann).await;
        let taken = "A user or organization with this name already exists";
        for (body, says) in [
            (json!({ "name": "acme" }), taken),
            (json!({ "name": "ann" }), taken),
            (json!({}), "'name' is a required property"),
            (json!({ "name": null }), "None is not of type 'string'"),
            (
                json!({ "name": "other", "email": "nowhere" }),
                "Invalid email address",
            ),
            (
                json!({ "name": "other", "email": "a@b.example", "contact_email": "x" }),
                "Invalid email address",
            ),
            (
                json!({ "name": "Foo" }),
                "Invalid namespace Foo: Namespace must match expression ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$",
            ),
            (
                json!({ "name": "a" }),
                "Invalid namespace a: Namespace must be between 2 and 255 characters in length",
            ),
        ] {
            let answer = api.post(&ann, "/organization/", &body).await;
            assert_eq!(answer.problem(), (400, says.into()), "{body}");
        }
        assert_eq!(api.delete(&ann, "/organization/acme").await.status, 204);
        let again = api
            .post(&ann, "/organization/", &json!({ "name": "acme" }))
            .await;
        assert_eq!(again.problem(), (400, "Username is not available".into()));
    }
);

db_test!(
    async fn the_time_machine_of_an_organization_is_chosen_from_what_is_offered(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        acme(&api, &ann).await;
        let body = json!({ "tag_expiration_s": 604_800, "name": "acme", "invoice_email": false });
        let changed = api.put(&ann, "/organization/acme", &body).await;
        assert_eq!(
            (changed.status, &changed.json()["tag_expiration_s"]),
            (200, &json!(604_800))
        );
        assert_eq!(
            api.get(&ann, "/organization/acme").await.json(),
            changed.json()
        );
        let odd = api
            .put(
                &ann,
                "/organization/acme",
                &json!({ "tag_expiration_s": 5 }),
            )
            .await;
        assert_eq!(
            odd.told(),
            (400, json!({ "message": "Invalid tag expiration option" }))
        );
        for (value, says) in [
            (json!(-1), "-1 is less than the minimum of 0"),
            (json!("5"), "'5' is not of type 'integer'"),
            (json!(86_400.0), "86400.0 is not of type 'integer'"),
        ] {
            let body = json!({ "tag_expiration_s": value });
            assert_eq!(
                api.put(&ann, "/organization/acme", &body).await.problem(),
                (400, says.into())
            );
        }
        // The address, as often as one likes; the contact address goes before it, and null takes it away.
        for (body, email) in [
            (
                json!({ "email": "owners@acme.example" }),
                "owners@acme.example",
            ),
            (json!({ "email": " new@acme.example " }), "new@acme.example"),
            (
                json!({ "email": "a@acme.example", "contact_email": "b@acme.example" }),
                "b@acme.example",
            ),
            (json!({ "tag_expiration_s": 0 }), "b@acme.example"),
            (json!({ "email": null }), ""),
            (json!({ "email": "" }), ""),
        ] {
            let changed = api.put(&ann, "/organization/acme", &body).await;
            assert_eq!(changed.status, 200, "{body}: {}", changed.text);
            assert_eq!(changed.json()["email"], email, "{body}");
            let told = api.get(&ann, "/organization/acme").await.json();
            assert_eq!(told["email"], email, "{body}");
        }
        let both = json!({ "email": "nowhere", "tag_expiration_s": 86_400 });
        let refused = api.put(&ann, "/organization/acme", &both).await;
        assert_eq!(refused.problem(), (400, "Invalid email address".into()));
        let told = api.get(&ann, "/organization/acme").await.json();
        assert_eq!(told["tag_expiration_s"], 0, "all of it or nothing");
    }
);

db_test!(
    async fn who_does_not_administer_it_changes_and_deletes_nothing(t: TestRegistry) {
        let (api, ann) = (Api::of(t), user(t, "ann", ALL_SCOPES).await);
        acme(&api, &ann).await;
        let refused = (403, "Unauthorized".to_owned());
        for (name, role) in [
            ("mia", Some(TeamRole::Member)),
            ("cat", Some(TeamRole::Creator)),
            ("eve", None),
        ] {
            let who = user(t, name, ALL_SCOPES).await;
            if let Some(role) = role {
                join(t, "acme", name, role).await;
            }
            for path in [
                "/organization/acme",
                "/organization/none",
                "/organization/ann",
            ] {
                let body = json!({ "tag_expiration_s": 0 });
                assert_eq!(
                    api.put(&who, path, &body).await.problem(),
                    refused,
                    "{name} {path}"
                );
                assert_eq!(
                    api.delete(&who, path).await.problem(),
                    refused,
                    "{name} {path}"
                );
            }
        }
        assert_eq!(api.get(&ann, "/organization/acme").await.status, 200);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn superusers_reach_organizations_of_others_only_with_full_access() {
    for full in [false, true] {
        let mut settings = Settings::default();
        settings.users.superusers = Some(vec!["root".parse().unwrap()]);
        settings.users.superusers_full_access = full;
        with_settings(settings, async |t| {
            let api = Api::of(t);
            let (root, ann) = (
                user(t, "root", ALL_SCOPES).await,
                user(t, "ann", ALL_SCOPES).await,
            );
            acme(&api, &ann).await;
            let (there, absent) = if full { (204, 404) } else { (403, 403) };
            assert_eq!(api.delete(&root, "/organization/none").await.status, absent);
            // The scope of superusers is needed too.
            let small = token(t, "root", "org:admin").await;
            assert_eq!(api.delete(&small, "/organization/acme").await.status, 403);
            assert_eq!(api.delete(&root, "/organization/acme").await.status, there);
        })
        .await;
    }
}

/// What is asked of an organization, below its name.
const ASKED: [(&str, &str); 19] = [
    ("PUT", ""),
    ("DELETE", ""),
    ("GET", "/applications"),
    ("POST", "/applications"),
    ("GET", "/applications/NONE"),
    ("PUT", "/applications/NONE"),
    ("DELETE", "/applications/NONE"),
    ("POST", "/applications/NONE/resetclientsecret"),
    ("GET", "/applications/NONE/tokens"),
    ("POST", "/applications/NONE/tokens"),
    ("DELETE", "/applications/NONE/tokens/none"),
    ("PUT", "/team/qa"),
    ("DELETE", "/team/qa"),
    ("GET", "/team/qa/members"),
    ("PUT", "/team/qa/members/ann"),
    ("DELETE", "/team/qa/members/ann"),
    ("GET", "/robots"),
    ("GET", "/robots/ci"),
    ("DELETE", "/robots/ci"),
];

#[tokio::test(flavor = "multi_thread")]
async fn who_reaches_every_organization_is_told_which_there_is_not() {
    for full in [false, true] {
        let mut settings = Settings::default();
        settings.users.superusers = Some(vec!["root".parse().unwrap()]);
        settings.users.superusers_full_access = full;
        with_settings(settings, async |t| {
            let api = Api::of(t);
            let root = user(t, "root", ALL_SCOPES).await;
            // Fits every body.
            let body = json!({
                "name": "n", "scope": "repo:read", "redirect_uri": "", "application_uri": "", "role": "admin",
            });
            let refused = if full {
                (404, "Not Found".to_owned())
            } else {
                (403, "Unauthorized".to_owned())
            };
            // The second can be no organization's name.
            for name in ["none", "NO%21"] {
                for (method, below) in ASKED {
                    let path = format!("/organization/{name}{below}");
                    let answer = api.call(&root, method, &path, Some(&body)).await;
                    assert_eq!(answer.problem(), refused, "{method} {path}");
                }
                let path = format!("/organization/{name}/robots/ci");
                let answer = api.put(&root, &path, &json!({})).await;
                if full {
                    let name = name.replace("%21", "!");
                    let message = format!("Organization does not exist: {name}");
                    assert_eq!(answer.told(), (400, json!({ "message": message })));
                } else {
                    assert_eq!(answer.problem(), refused, "{path}");
                }
                let path = format!("/repository/{name}/app");
                assert_eq!(api.get(&root, &path).await.problem(), refused, "{path}");
                // Here nobody learns what is missing, the right or the namespace.
                let new = json!({
                    "namespace": name, "repository": "app", "visibility": "private", "description": "",
                });
                let made = api.post(&root, "/repository", &new).await;
                assert_eq!(made.problem(), (403, "Unauthorized".into()));
            }
            // A user is no organization.
            t.user("ann").await;
            for (method, below) in ASKED.iter().filter(|(_, below)| !below.contains("robot")) {
                let path = format!("/organization/ann{below}");
                let answer = api.call(&root, method, &path, Some(&body)).await;
                assert_eq!(answer.problem(), refused, "{method} {path}");
            }
            assert_eq!(api.get(&root, "/users/ann").await.status, 200);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_can_be_left_to_superusers() {
    let mut settings = Settings::default();
    settings.users.superusers = Some(vec!["root".parse().unwrap()]);
    settings.users.superusers_create_organizations = true;
    with_settings(settings, async |t| {
        let api = Api::of(t);
        let (root, ann) = (
            user(t, "root", ALL_SCOPES).await,
            user(t, "ann", ALL_SCOPES).await,
        );
        let body = json!({ "name": "acme" });
        let refused = api.post(&ann, "/organization/", &body).await;
        assert_eq!(refused.problem(), (403, "Unauthorized".into()));
        assert_eq!(api.post(&root, "/organization/", &body).await.status, 201);
    })
    .await;
}

/// Names the kind, so that a changed one breaks this file and not a script.
#[test]
fn creating_an_organization_is_logged_under_the_kind_that_scripts_filter_by() {
    let namespace = "acme".parse().unwrap();
    let event = Event::OrganizationCreated {
        namespace,
        email: None,
    };
    assert_eq!(event.kind(), "org_create");
}
