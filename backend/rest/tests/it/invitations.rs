//! Who is asked into teams, and what those answer who are asked.

use std::time::Duration;

use berth_services::Settings;
use berth_testkit::{Mailbox, PASSWORD, TestRegistry, db_test, with_mail};
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

/// A sign-up by a stranger.
async fn sign_up(api: &Api, name: &str, email: &str, more: Value) -> crate::api::Answer {
    let mut body = json!({ "username": name, "password": PASSWORD, "email": email });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    api.post(&Who::Visitor, "/user/", &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_signs_up_and_in_with_the_code_of_an_invitation() {
    with_mail(Settings::default(), async |t, mails| {
        let (api, ann, _) = with_team(t).await;
        let invite = format!("{TEAM}/invite/Zoe%40users.test");
        assert_eq!(api.call(&ann, "PUT", &invite, None).await.status, 200);
        let code = code(t, mails, "Zoe@users.test").await;
        let waiting = (200, json!({ "awaiting_verification": true }));
        // A code confirms the address alone that it was mailed to, and what is no code confirms none.
        for (name, shown) in [("eve", code.as_str()), ("mallory", "not-a-code")] {
            let shown = json!({ "invite_code": shown });
            let email = format!("{name}@users.test");
            let made = sign_up(&api, name, &email, shown.clone()).await;
            assert_eq!(made.told(), waiting);
            let mut body = json!({ "username": name, "password": PASSWORD });
            body["invite_code"] = shown["invite_code"].clone();
            let refused = api.post(&Who::Visitor, "/signin", &body).await;
            assert_eq!(refused.status, 403);
            assert_eq!(refused.json()["needsEmailVerification"], json!(true));
        }
        let shown = json!({ "invite_code": code });
        let made = sign_up(&api, "zoe", "zoe@USERS.test", shown).await;
        assert_eq!(made.status, 200, "{}", made.text);
        assert_eq!(made.json()["verified"], json!(true));
        let zoe = Who::Browser {
            session: made.cookie("berth_session"),
            csrf: made.header("x-next-csrf-token").to_owned(),
        };
        // The question itself is answered with the same code afterwards.
        let accept = format!("/teaminvite/{code}");
        let accepted = api.call(&zoe, "PUT", &accept, None).await;
        assert_eq!(
            accepted.told(),
            (200, json!({ "org": "acme", "team": "qa" }))
        );
        // Whoever is there already and was mailed no link so far signs in with it too.
        let made = sign_up(&api, "kim", "kim@users.test", json!({})).await;
        assert_eq!(made.told(), waiting);
        let invite = format!("{TEAM}/invite/kim%40users.test");
        assert_eq!(api.call(&ann, "PUT", &invite, None).await.status, 200);
        t.work_after(Duration::from_mins(2), "mail").await;
        let asked = mails.mails().into_iter().rev();
        let mut asked = asked.filter(|mail| mail.to.as_str() == "kim@users.test");
        let asked = asked.find(|mail| mail.text.contains("/confirminvite?code="));
        let text = asked.unwrap().text;
        let code = text.split_once("code=").unwrap().1;
        let code = code.split_whitespace().next().unwrap();
        let mut body = json!({ "username": "kim", "password": PASSWORD });
        let early = api.post(&Who::Visitor, "/signin", &body).await;
        assert_eq!(early.status, 403);
        body["invite_code"] = json!(code);
        let signed_in = api.post(&Who::Visitor, "/signin", &body).await;
        assert_eq!(signed_in.told(), (200, json!({ "success": true })));
        // Confirmed is confirmed.
        api.sign_in("kim").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_invitation_only_whoever_was_mailed_a_code_signs_up() {
    let mut settings = Settings::default();
    settings.users.sign_up_by_invitation = true;
    with_mail(settings, async |t, mails| {
        let (api, ann, _) = with_team(t).await;
        let invite = format!("{TEAM}/invite/zoe%40users.test");
        assert_eq!(api.call(&ann, "PUT", &invite, None).await.status, 200);
        let mailed = code(t, mails, "zoe@users.test").await;
        let (ends, not_invited) = (
            "Cannot create non-invited user",
            "Creation of a user account for this e-mail is disabled; please contact an administrator",
        );
        // A name that is taken is told to nobody who was not asked.
        for (name, email, shown, says) in [
            ("zoe", "zoe@users.test", "", ends),
            ("zoe", "zoe@users.test", "not-a-code", not_invited),
            ("ann", "zoe@users.test", "not-a-code", not_invited),
            ("eve", "eve@users.test", mailed.as_str(), not_invited),
        ] {
            let shown = json!({ "invite_code": shown });
            let refused = sign_up(&api, name, email, shown).await;
            assert_eq!(refused.problem(), (400, says.to_owned()), "{name}");
        }
        let refused = sign_up(&api, "zoe", "zoe@users.test", json!({})).await;
        assert_eq!(refused.problem(), (400, ends.to_owned()));
        let shown = json!({ "invite_code": mailed });
        let made = sign_up(&api, "zoe", "zoe@users.test", shown.clone()).await;
        assert_eq!(made.status, 200, "{}", made.text);
        assert_eq!(made.json()["username"], json!("zoe"));
        // Once: the address is somebody's now.
        let again = sign_up(&api, "zoe2", "zoe@users.test", shown).await;
        assert_eq!(
            again.problem(),
            (400, "Email has already been used: zoe@users.test".to_owned())
        );
        // A link that has ended invites nobody any more.
        let invite = format!("{TEAM}/invite/late%40users.test");
        assert_eq!(api.call(&ann, "PUT", &invite, None).await.status, 200);
        let late = code(t, mails, "late@users.test").await;
        t.clock.advance(Duration::from_hours(14 * 24 + 1));
        let shown = json!({ "invite_code": late });
        let refused = sign_up(&api, "late", "late@users.test", shown).await;
        assert_eq!(refused.problem(), (400, not_invited.to_owned()));
    })
    .await;
}
