//! Who is asked into teams, and what those answer who are asked.

use std::time::Duration;

use berth_services::Settings;
use berth_testkit::{Mailbox, TestRegistry, db_test, with_mail};
use serde_json::{Value, json};

use crate::api::{ALL_SCOPES, Api, Who, token};

const TEAM: &str = "/organization/acme/team/qa";

fn message(text: &str) -> (u16, Value) {
    (400, json!({ "message": text }))
}

/// A user with an address, and a token of everything.
async fn mailed(t: &TestRegistry, name: &str) -> Who {
    t.mailed_user(name).await;
    token(t, name, ALL_SCOPES).await
}

/// An administrator of `acme` with its team `qa`, and the user bob.
async fn with_team(t: &TestRegistry) -> (Api, Who, Who) {
    let (api, ann, bob) = (Api::of(t), mailed(t, "ann").await, mailed(t, "bob").await);
    let made = api
        .post(&ann, "/organization/", &json!({ "name": "acme" }))
        .await;
    assert_eq!(made.status, 201);
    let made = api.put(&ann, TEAM, &json!({ "role": "member" })).await;
    assert_eq!(made.status, 200);
    (api, ann, bob)
}

async fn code(t: &TestRegistry, mails: &Mailbox, address: &str) -> String {
    t.work_after(Duration::from_mins(2), "mail").await;
    mails.code_to(address).unwrap()
}

async fn listed(api: &Api, who: &Who, query: &str) -> Value {
    let path = format!("{TEAM}/members{query}");
    api.get(who, &path).await.json()["members"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_invited_listed_and_accepts() {
    with_mail(Settings::default(), async |t, mails| {
        let (api, ann, bob) = with_team(t).await;
        let path = format!("{TEAM}/members/bob");
        let invited = api.call(&ann, "PUT", &path, None).await;
        let expected = json!({
            "name": "bob", "kind": "user", "is_robot": false, "invited": true,
            "avatar": invited.json()["avatar"],
        });
        assert_eq!(invited.told(), (200, expected.clone()));
        // Asking again is no error.
        assert_eq!(
            api.call(&ann, "PUT", &path, None).await.told(),
            (200, expected.clone())
        );
        let invite = format!("{TEAM}/invite/new%40users.test");
        let by_mail = api.call(&ann, "PUT", &invite, None).await;
        let of_mail = json!({
            "email": "new@users.test", "kind": "invite", "invited": true,
            "avatar": by_mail.json()["avatar"],
        });
        assert_eq!(by_mail.told(), (200, of_mail.clone()));
        assert_eq!(by_mail.json()["avatar"]["kind"], json!("user"));
        assert_eq!(listed(&api, &ann, "").await, json!([]));
        assert_eq!(listed(&api, &ann, "?includePending=false").await, json!([]));
        assert_eq!(
            listed(&api, &ann, "?includePending=true").await,
            json!([expected, of_mail])
        );
        let code = code(t, mails, "bob@users.test").await;
        let accepted = api
            .call(&bob, "PUT", &format!("/teaminvite/{code}"), None)
            .await;
        assert_eq!(
            accepted.told(),
            (200, json!({ "org": "acme", "team": "qa" }))
        );
        let mut member = expected;
        member["invited"] = json!(false);
        assert_eq!(listed(&api, &bob, "").await, json!([member]));
        // A member sees no more than who is in it.
        assert_eq!(
            listed(&api, &bob, "?includePending=true").await,
            json!([member])
        );
        let again = api
            .call(&bob, "PUT", &format!("/teaminvite/{code}"), None)
            .await;
        assert_eq!(again.told(), message("Invalid confirmation code."));
        let again = api.call(&ann, "PUT", &path, None).await;
        assert_eq!(
            again.told(),
            message("User bob is already a member of team qa")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_declined_or_taken_back() {
    with_mail(Settings::default(), async |t, mails| {
        let (api, ann, bob) = with_team(t).await;
        let eve = mailed(t, "eve").await;
        let member = format!("{TEAM}/members/bob");
        api.call(&ann, "PUT", &member, None).await;
        let code = code(t, mails, "bob@users.test").await;
        let path = format!("/teaminvite/{code}");
        for verb in ["PUT", "DELETE"] {
            let refused = api.call(&eve, verb, &path, None).await;
            let text = refused.json()["message"].as_str().unwrap().to_owned();
            assert_eq!(refused.status, 400);
            assert!(
                text.starts_with("This invite is intended for user \"bob\""),
                "{text}"
            );
        }
        assert_eq!(api.delete(&bob, &path).await.status, 204);
        let gone = api.delete(&bob, &path).await;
        assert_eq!(gone.told(), message("Invalid confirmation code."));
        // A pending invitation goes as a member does.
        api.call(&ann, "PUT", &member, None).await;
        assert_eq!(api.delete(&ann, &member).await.status, 204);
        assert_eq!(
            api.delete(&ann, &member).await.told(),
            message("User bob does not belong to team qa")
        );
        let invite = format!("{TEAM}/invite/New@users.test");
        assert_eq!(api.call(&ann, "PUT", &invite, None).await.status, 200);
        assert_eq!(api.delete(&ann, &invite).await.status, 204);
        let absent = api.delete(&ann, &invite).await;
        assert_eq!(absent.problem(), (404, "Not Found".into()));
        assert_eq!(listed(&api, &ann, "?includePending=1").await, json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bell_tells_an_invited_user_what_to_answer_with() {
    with_mail(Settings::default(), async |t, _| {
        let (api, ann, bob) = with_team(t).await;
        api.call(&ann, "PUT", &format!("{TEAM}/members/bob"), None)
            .await;
        let bell =
            async || api.get(&bob, "/user/notifications").await.json()["notifications"].clone();
        let told = bell().await;
        assert_eq!(
            (&told[0]["kind"], &told[0]["organization"]),
            (&json!("org_team_invite"), &json!("acme"))
        );
        let metadata = &told[0]["metadata"];
        assert_eq!(
            *metadata,
            json!({ "code": metadata["code"], "inviter": "ann", "org": "acme", "team": "qa" })
        );
        let code = metadata["code"].as_str().unwrap();
        let accepted = api
            .call(&bob, "PUT", &format!("/teaminvite/{code}"), None)
            .await;
        assert_eq!(accepted.status, 200);
        assert_eq!(bell().await, json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_invite_and_only_who_is_invited_answers() {
    with_mail(Settings::default(), async |t, _| {
        let (api, ann, bob) = with_team(t).await;
        let narrow = token(t, "ann", "repo:admin user:admin").await;
        let small = token(t, "bob", "user:read org:admin").await;
        let refused = (403, "Unauthorized".to_owned());
        let (invite, bad) = (
            format!("{TEAM}/invite/x@users.test"),
            format!("{TEAM}/invite/nowhere"),
        );
        let absent = "/organization/acme/team/none/invite/x@users.test".to_owned();
        let nowhere = "/organization/none/team/qa/invite/x@users.test".to_owned();
        for path in [&invite, &bad, &absent, &nowhere] {
            for verb in ["PUT", "DELETE"] {
                for who in [&bob, &narrow] {
                    let answer = api.call(who, verb, path, None).await;
                    assert_eq!(answer.problem(), refused, "{verb} {path}");
                }
                assert_eq!(api.call(&Who::Visitor, verb, path, None).await.status, 401);
            }
        }
        let answer = api.call(&ann, "PUT", &bad, None).await;
        assert_eq!(
            answer.problem(),
            (400, "Invalid email address: nowhere".into())
        );
        for verb in ["PUT", "DELETE"] {
            let answer = api.call(&ann, verb, &absent, None).await;
            assert_eq!(answer.problem(), (404, "Not Found".into()));
            let answer = api.call(&small, verb, "/teaminvite/x", None).await;
            assert_eq!(answer.problem(), refused);
            assert_eq!(
                api.call(&Who::Visitor, verb, "/teaminvite/x", None)
                    .await
                    .status,
                401
            );
            let answer = api.call(&bob, verb, "/teaminvite/x", None).await;
            assert_eq!(answer.told(), message("Invalid confirmation code."));
        }
    })
    .await;
}

db_test!(
    async fn without_mail_nobody_is_invited(t: TestRegistry) {
        let (api, ann, _) = with_team(t).await;
        let added = api
            .call(&ann, "PUT", &format!("{TEAM}/members/bob"), None)
            .await;
        assert_eq!(added.json()["invited"], json!(false));
        let invite = format!("{TEAM}/invite/x@users.test");
        for verb in ["PUT", "DELETE"] {
            let answer = api.call(&ann, verb, &invite, None).await;
            assert_eq!(answer.problem(), (404, "Not Found".into()), "{verb}");
        }
    }
);
