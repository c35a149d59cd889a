//! The own account, users and messages over GraphQL.

use std::time::Duration;

use async_graphql::Request;
use berth_domain::{Error, NotificationKind};
use berth_graphql::{RequestContext, SessionEffect, schema};
use berth_services::notifications::{Audience, Notice};
use berth_services::{Actor, Origin, Settings};
use berth_testkit::{Backend, PASSWORD, TestRegistry, db_test};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::client::{ask, execute};

/// A user in a session, and the session's cookie.
async fn in_session(t: &TestRegistry, name: &str) -> (Actor, String) {
    let session = t.session(name).await;
    (session.actor, session.token.expose().clone())
}

/// The same session as a later request finds it.
async fn again(t: &TestRegistry, cookie: &str) -> Option<Actor> {
    let authn = &t.services.authn;
    authn.session(cookie, Origin::default()).await.unwrap()
}

db_test!(
    async fn a_sign_up_makes_the_viewer_of_the_same_answer(t: TestRegistry) {
        t.user("root").await;
        let sign_up = "mutation ($u: String!) { signUp(input: { username: $u, password: \"a-long-password\" }) \
             { awaitingVerification viewer { user { name emailVerified enabled isSuperuser } } } }";
        let (answer, effect) = execute(t, &t.anonymous(), sign_up, json!({ "u": "ann" })).await;
        assert_eq!(
            answer.data()["signUp"],
            json!({
                "awaitingVerification": false,
                "viewer": { "user": { "name": "ann", "emailVerified": true, "enabled": true, "isSuperuser": false } },
            })
        );
        assert!(matches!(effect, Some(SessionEffect::Started { .. })));
        let (answer, effect) = execute(t, &t.anonymous(), sign_up, json!({ "u": "ann" })).await;
        assert_eq!(answer.refused("code"), Some("ALREADY_EXISTS"));
        assert_eq!(answer.refused("field"), Some("username"));
        assert!(effect.is_none());
    }
);

db_test!(
    async fn an_old_session_takes_the_password_again_and_goes_on(t: TestRegistry) {
        t.user("ann").await;
        let (_, cookie) = in_session(t, "ann").await;
        t.clock.advance(Duration::from_mins(11));
        let ann = again(t, &cookie).await.unwrap();
        let create = "mutation { createAppToken(input: { title: \"laptop\" }) { token appToken { uuid title } } }";
        let refused = ask(t, &ann, create, json!({})).await;
        assert_eq!(refused.refused("code"), Some("FRESH_LOGIN_REQUIRED"));
        // Both in one operation: what follows in it is fresh already.
        let both = "mutation ($p: String!) { verifyPassword(input: { password: $p }) { freshUntil } \
             createAppToken(input: { title: \"laptop\" }) { token appToken { uuid title } } }";
        let data = ask(t, &ann, both, json!({ "p": PASSWORD })).await.data();
        let token = data["createAppToken"]["token"].as_str().unwrap();
        assert_eq!(token.len(), 120);
        t.login("$app", token).await;
        let ann = again(t, &cookie).await.unwrap();
        let list = "{ viewer { appTokens { nodes { uuid title lastUsedAt user { name } } } } }";
        let data = ask(t, &ann, list, json!({})).await.data();
        let listed = &data["viewer"]["appTokens"]["nodes"][0];
        assert_eq!(
            (&listed["title"], &listed["user"]["name"]),
            (&json!("laptop"), &json!("ann"))
        );
        assert!(!listed["lastUsedAt"].is_null());
        let delete =
            "mutation ($u: String!) { deleteAppToken(input: { uuid: $u }) { deletedUuid } }";
        let uuid = json!({ "u": listed["uuid"] });
        ask(t, &ann, delete, uuid.clone()).await.data();
        let gone = ask(t, &ann, delete, uuid).await;
        assert_eq!(gone.refused("reason"), Some("APP_TOKEN_NOT_FOUND"));
    }
);

db_test!(
    async fn a_narrow_token_sees_no_list_of_the_account(t: TestRegistry) {
        let ann = t.user("ann").await;
        let lists = "{ viewer { sessions { nodes { id } } logins { kind } appTokens { nodes { uuid } } \
             user { name emailVerified } } }";
        for (scopes, sees) in [("user:admin", true), ("user:read repo:admin", false)] {
            let token = t.oauth_token(&ann, scopes).await;
            let authn = &t.services.authn;
            let actor = authn.bearer(&token, Origin::default()).await.unwrap();
            let data = ask(t, &actor, lists, json!({})).await.data();
            let viewer = &data["viewer"];
            for list in ["sessions", "logins", "appTokens"] {
                assert_eq!(!viewer[list].is_null(), sees, "{scopes}: {list}");
            }
            assert_eq!(!viewer["user"]["emailVerified"].is_null(), sees);
            assert_eq!(viewer["user"]["name"], "ann");
        }
    }
);

db_test!(
    async fn the_session_that_asks_is_marked_and_can_end_itself(t: TestRegistry) {
        t.user("ann").await;
        let (_, other) = in_session(t, "ann").await;
        let (ann, cookie) = in_session(t, "ann").await;
        let list = "{ viewer { sessions(first: 10) { nodes { id isCurrent } } } }";
        let data = ask(t, &ann, list, json!({})).await.data();
        let sessions = data["viewer"]["sessions"]["nodes"]
            .as_array()
            .unwrap()
            .clone();
        let current: Vec<_> = sessions.iter().map(|s| s["isCurrent"].clone()).collect();
        assert_eq!(current, [json!(true), json!(false)]);
        let revoke = "mutation ($id: ID!) { revokeSession(input: { id: $id }) { revokedId } }";
        let (answer, effect) = execute(t, &ann, revoke, json!({ "id": sessions[1]["id"] })).await;
        answer.data();
        assert!(effect.is_none() && again(t, &other).await.is_none());
        let (answer, effect) = execute(t, &ann, revoke, json!({ "id": sessions[0]["id"] })).await;
        answer.data();
        assert!(matches!(effect, Some(SessionEffect::Ended)));
        assert!(again(t, &cookie).await.is_none());
    }
);

db_test!(
    async fn an_account_changes_its_address_and_ends(t: TestRegistry) {
        t.user("ann").await;
        let (ann, cookie) = in_session(t, "ann").await;
        let change = "mutation ($e: String!) { changeEmail(input: { email: $e }) { awaitingConfirmation user { email } } }";
        let bad = ask(t, &ann, change, json!({ "e": "nowhere" })).await;
        assert_eq!(bad.refused("field"), Some("email"));
        let data = ask(t, &ann, change, json!({ "e": "ann@new.test" }))
            .await
            .data();
        assert_eq!(
            data["changeEmail"],
            json!({ "awaitingConfirmation": false, "user": { "email": "ann@new.test" } })
        );
        let names = "mutation { updateAccount(input: { company: \"Acme\" }) { user { company } } }";
        let off = ask(t, &ann, names, json!({})).await;
        assert_eq!(off.refused("code"), Some("FEATURE_OFF"));
        let delete = "mutation { deleteAccount { deletedId } }";
        let (answer, effect) = execute(t, &ann, delete, json!({})).await;
        assert!(answer.data()["deleteAccount"]["deletedId"].is_string());
        assert!(matches!(effect, Some(SessionEffect::Ended)));
        assert!(again(t, &cookie).await.is_none());
    }
);

db_test!(
    async fn without_mail_a_lost_password_says_whom_to_ask(t: TestRegistry) {
        t.user("ann").await;
        let recover =
            "mutation { requestRecovery(input: { email: \"ann@users.test\" }) { success } }";
        let answer = ask(t, &t.anonymous(), recover, json!({})).await;
        assert_eq!(answer.refused("code"), Some("FEATURE_OFF"));
        let message = answer.0["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("ask an administrator"), "{message}");
        let asked = "{ registry { signUp sendsMail appTokens userNames } }";
        assert_eq!(
            ask(t, &t.anonymous(), asked, json!({})).await.data()["registry"],
            json!({ "signUp": true, "sendsMail": false, "appTokens": true, "userNames": false })
        );
    }
);

db_test!(
    async fn a_superuser_makes_a_user_and_shuts_it_out(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let create = "mutation ($u: String!) { createUser(input: { username: $u }) { password user { id name enabled } } }";
        let data = ask(t, &root, create, json!({ "u": "ann" })).await.data();
        let (password, user) = (&data["createUser"]["password"], &data["createUser"]["user"]);
        let ann = t.login("ann", password.as_str().unwrap()).await;
        let taken = ask(t, &root, create, json!({ "u": "ann" })).await;
        assert_eq!(taken.refused("field"), Some("username"));
        let disable =
            "mutation ($id: ID!) { disableUser(input: { id: $id }) { user { enabled } } }";
        let id = json!({ "id": user["id"] });
        let refused = ask(t, &ann, disable, id.clone()).await;
        assert_eq!(refused.refused("code"), Some("FORBIDDEN"));
        let data = ask(t, &root, disable, id.clone()).await.data();
        assert_eq!(data["disableUser"]["user"]["enabled"], false);
        let login = t
            .services
            .authn
            .basic(
                "ann",
                &password.as_str().unwrap().to_owned().into(),
                Origin::default(),
            )
            .await;
        assert!(matches!(login, Err(Error::Unauthenticated { .. })));
        let list = "{ administration { users(filter: { enabled: false }) { totalCount nodes { name enabled } } } }";
        let data = ask(t, &root, list, json!({})).await.data();
        assert_eq!(
            data["administration"]["users"],
            json!({ "totalCount": 1, "nodes": [{ "name": "ann", "enabled": false }] })
        );
        for nobody in [ann, t.anonymous()] {
            let data = ask(t, &nobody, list, json!({})).await.data();
            assert_eq!(data["administration"], Value::Null);
        }
        let delete = "mutation ($id: ID!) { deleteUser(input: { id: $id }) { deletedId } }";
        ask(t, &root, delete, id.clone()).await.data();
        let gone = ask(t, &root, delete, id).await;
        assert_eq!(gone.refused("reason"), Some("USER_NOT_FOUND"));
    }
);

db_test!(
    async fn everybody_sees_a_message_until_it_is_taken_back(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let create = "mutation { createMessage(input: { content: \"*Tonight*\", severity: WARNING, mediaType: MARKDOWN }) \
             { message { uuid } } }";
        let data = ask(t, &root, create, json!({})).await.data();
        let uuid = &data["createMessage"]["message"]["uuid"];
        let list = "{ registry { messages { uuid content contentHtml severity mediaType } } }";
        let seen = ask(t, &t.anonymous(), list, json!({})).await.data();
        assert_eq!(
            seen["registry"]["messages"],
            json!([{
                "uuid": uuid, "content": "*Tonight*", "contentHtml": "<p><em>Tonight</em></p>\n",
                "severity": "WARNING", "mediaType": "MARKDOWN",
            }])
        );
        let delete =
            "mutation ($u: String!) { deleteMessage(input: { uuid: $u }) { deletedUuid } }";
        let stranger = t.user("ann").await;
        let refused = ask(t, &stranger, delete, json!({ "u": uuid })).await;
        assert_eq!(refused.refused("code"), Some("FORBIDDEN"));
        ask(t, &root, delete, json!({ "u": uuid })).await.data();
        let seen = ask(t, &t.anonymous(), list, json!({})).await.data();
        assert_eq!(seen["registry"]["messages"], json!([]));
    }
);

db_test!(
    async fn markup_in_a_message_does_nothing(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let text = "*b* [a](javascript:x) <script>x()</script>";
        let create = "mutation ($c: String!, $m: MessageFormat!) { createMessage(input: \
             { content: $c, severity: INFO, mediaType: $m }) { message { content contentHtml } } }";
        let create = async |format: &str| {
            let variables = json!({ "c": text, "m": format });
            ask(t, &root, create, variables).await.data()["createMessage"]["message"].clone()
        };
        // A text is no HTML, whatever stands in it.
        assert_eq!(
            create("PLAIN").await,
            json!({ "content": text, "contentHtml": null })
        );
        let html = "<p><em>b</em> a &lt;script&gt;x()&lt;/script&gt;</p>\n";
        assert_eq!(
            create("MARKDOWN").await,
            json!({ "content": text, "contentHtml": html })
        );
        let preview = "query ($c: String!) { administration { messageHtml(content: $c) } }";
        let shown = ask(t, &root, preview, json!({ "c": text })).await.data();
        assert_eq!(shown["administration"]["messageHtml"], html);
        let long = json!({ "c": "a".repeat(4_097) });
        let refused = ask(t, &root, preview, long).await;
        assert_eq!(refused.refused("field"), Some("content"));
    }
);

db_test!(
    async fn superusers_see_what_the_registry_stands_on(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let status = "{ administration { status { database databaseAnswers storage storageAnswers storageFreeBytes } } }";
        let data = ask(t, &root, status, json!({})).await.data();
        assert_eq!(
            data["administration"]["status"],
            json!({
                "database": t.db().kind(), "databaseAnswers": true,
                "storage": "memory", "storageAnswers": true, "storageFreeBytes": null,
            })
        );
        for nobody in [t.user("ann").await, t.anonymous()] {
            let data = ask(t, &nobody, status, json!({})).await.data();
            assert_eq!(data["administration"], Value::Null);
        }
    }
);

db_test!(
    async fn a_superuser_makes_a_key_for_a_service_and_the_private_half_is_told_once(
        t: TestRegistry,
    ) {
        let root = t.superuser("root").await.actor;
        let create = "mutation ($end: DateTime, $data: JSON) { createServiceKey(input: { service: \"scanner\", \
             expiresAt: $end, metadata: $data }) { publicKey privateKey serviceKey { kid service jwk metadata \
             approver expiresAt isOwn } } }";
        let end = "2030-01-01T00:00:00.000Z";
        let variables = json!({ "end": end, "data": { "rack": 7 } });
        let data = ask(t, &root, create, variables).await.data();
        let made = &data["createServiceKey"];
        assert!(made["privateKey"].as_str().unwrap().contains("PRIVATE KEY"));
        let key = &made["serviceKey"];
        assert_eq!(
            (&key["expiresAt"], &key["isOwn"]),
            (&json!(end), &json!(false))
        );
        assert_eq!(
            (&key["metadata"]["rack"], &key["jwk"]["kid"]),
            (&json!(7), &key["kid"])
        );
        let past = json!({ "end": "2001-01-01T00:00:00Z" });
        let refused = ask(t, &root, create, past).await;
        assert_eq!(refused.refused("field"), Some("expiresAt"));
        let kid = json!({ "kid": key["kid"] });
        let update = "mutation ($kid: String!) { updateServiceKey(input: { kid: $kid, name: \"East\", \
             expiresAt: null }) { serviceKey { name expiresAt metadata } } }";
        let data = ask(t, &root, update, kid.clone()).await.data();
        assert_eq!(
            data["updateServiceKey"]["serviceKey"],
            json!({ "name": "East", "expiresAt": null, "metadata": { "rack": 7 } })
        );
        let approve = "mutation ($kid: String!) { approveServiceKey(input: { kid: $kid, notes: \"seen\" }) \
             { serviceKey { notes approver } } }";
        let data = ask(t, &root, approve, kid.clone()).await.data();
        assert_eq!(
            data["approveServiceKey"]["serviceKey"],
            json!({ "notes": "seen", "approver": "root" })
        );
        let configuration = "{ administration { configuration } }";
        let data = ask(t, &root, configuration, json!({})).await.data();
        assert_eq!(data["administration"]["configuration"], Value::Null);
        let list =
            "{ administration { serviceKeys { nodes { kid service } pageInfo { hasNextPage } } } }";
        let data = ask(t, &root, list, json!({})).await.data();
        let nodes = &data["administration"]["serviceKeys"]["nodes"];
        assert_eq!(nodes, &json!([{ "kid": key["kid"], "service": "scanner" }]));
        let delete =
            "mutation ($kid: String!) { deleteServiceKey(input: { kid: $kid }) { deletedKid } }";
        let ann = t.user("ann").await;
        let refused = ask(t, &ann, delete, kid.clone()).await;
        assert_eq!(refused.refused("code"), Some("FORBIDDEN"));
        let data = ask(t, &root, delete, kid.clone()).await.data();
        assert_eq!(data["deleteServiceKey"]["deletedKid"], key["kid"]);
        let gone = ask(t, &root, delete, kid).await;
        assert_eq!(gone.refused("reason"), Some("KEY_NOT_FOUND"));
    }
);

db_test!(
    async fn a_superuser_renames_takes_and_deletes_organizations(t: TestRegistry) {
        let root = t.superuser("root").await.actor;
        let ann = t.user("ann").await;
        let create = "mutation ($n: String!) { createOrganization(input: { name: $n }) { organization { id } } }";
        for name in ["acme", "globex"] {
            ask(t, &ann, create, json!({ "n": name })).await.data();
        }
        let list = "query ($s: String) { administration { organizations(first: 1, filter: { search: $s }) \
             { totalCount nodes { id name } pageInfo { hasNextPage } } } }";
        let data = ask(t, &root, list, json!({})).await.data();
        let page = &data["administration"]["organizations"];
        assert_eq!(
            (&page["totalCount"], &page["pageInfo"]["hasNextPage"]),
            (&json!(2), &json!(true))
        );
        let data = ask(t, &root, list, json!({ "s": "acm" })).await.data();
        let acme = data["administration"]["organizations"]["nodes"][0]["id"].clone();
        let rename = "mutation ($id: ID!, $n: String!) { renameOrganization(input: { id: $id, name: $n }) \
             { organization { id name } } }";
        let taken = ask(t, &root, rename, json!({ "id": acme, "n": "globex" })).await;
        assert_eq!(taken.refused("field"), Some("name"));
        assert_eq!(taken.refused("code"), Some("ALREADY_EXISTS"));
        let refused = ask(t, &ann, rename, json!({ "id": acme, "n": "mine" })).await;
        assert_eq!(refused.refused("code"), Some("FORBIDDEN"));
        let data = ask(t, &root, rename, json!({ "id": acme, "n": "umbrella" }))
            .await
            .data();
        let renamed = &data["renameOrganization"]["organization"];
        assert_eq!(renamed, &json!({ "id": acme, "name": "umbrella" }));
        let take = "mutation ($id: ID!) { takeOwnership(input: { id: $id }) \
             { organization { name viewerCanAdminister repositories { nodes { name } } } } }";
        let data = ask(t, &root, take, json!({ "id": acme })).await.data();
        let taken = &data["takeOwnership"]["organization"];
        assert_eq!(
            (&taken["name"], &taken["viewerCanAdminister"]),
            (&json!("umbrella"), &json!(true))
        );
        let who = ask(t, &ann, "{ viewer { user { id } } }", json!({}))
            .await
            .data();
        let id = json!({ "id": who["viewer"]["user"]["id"] });
        let data = ask(t, &root, take, id).await.data();
        assert_eq!(data["takeOwnership"]["organization"]["name"], "ann");
        let nothing = ask(t, &root, take, json!({ "id": "nonsense" })).await;
        assert_eq!(nothing.refused("field"), Some("id"));
        let delete = "mutation ($id: ID!) { deleteOrganization(input: { id: $id }) { deletedId } }";
        let data = ask(t, &root, delete, json!({ "id": acme })).await.data();
        assert_eq!(data["deleteOrganization"]["deletedId"], acme);
        let gone = ask(t, &root, delete, json!({ "id": acme })).await;
        assert_eq!(gone.refused("code"), Some("NOT_FOUND"));
    }
);

db_test!(
    async fn an_account_becomes_an_organization_of_who_is_signed_in_then(t: TestRegistry) {
        t.user("first").await;
        t.user("bob").await;
        t.user("ann").await;
        let (ann, cookie) = in_session(t, "ann").await;
        let convert = "mutation ($p: String!) { convertToOrganization(input: { adminUser: \"bob\", adminPassword: $p }) \
             { organization { name viewerCanAdminister } viewer { user { name } } } }";
        let wrong = ask(t, &ann, convert, json!({ "p": "not-the-password" })).await;
        assert_eq!(wrong.refused("field"), Some("adminPassword"));
        let (answer, effect) = execute(t, &ann, convert, json!({ "p": PASSWORD })).await;
        assert_eq!(
            answer.data()["convertToOrganization"],
            json!({
                "organization": { "name": "ann", "viewerCanAdminister": true },
                "viewer": { "user": { "name": "bob" } },
            })
        );
        assert!(matches!(effect, Some(SessionEffect::Started { .. })));
        assert!(again(t, &cookie).await.is_none());
    }
);

db_test!(
    async fn a_viewer_keeps_its_name_where_users_do_not_choose_it(t: TestRegistry) {
        t.user("ann").await;
        let (ann, _) = in_session(t, "ann").await;
        let rename = "mutation { updateAccount(input: { username: \"anna\" }) { user { name } } }";
        let off = ask(t, &ann, rename, json!({})).await;
        assert_eq!(off.refused("code"), Some("FEATURE_OFF"));
        let asked = "{ registry { userRename } }";
        let data = ask(t, &ann, asked, json!({})).await.data();
        assert_eq!(data["registry"]["userRename"], false);
    }
);

db_test!(
    async fn the_bell_rings_and_is_put_away(t: TestRegistry) {
        t.user("ann").await;
        let (ann, _) = in_session(t, "ann").await;
        let id = ann.user_id().unwrap();
        let tell = async |subject: &str| {
            let metadata = json!({ "what": subject });
            let notice = Notice {
                kind: NotificationKind::Maintenance,
                subject,
                organization: None,
                metadata: &metadata,
            };
            let (notifications, local) = (&t.services.notifications, t.services.authn.local());
            let told = notifications
                .tell(&local, Audience::Users(&[id]), notice)
                .await;
            told.unwrap();
        };
        tell("one").await;
        t.clock.advance(Duration::from_mins(1));
        let context = RequestContext::for_socket(t.services.clone(), ann.clone(), None);
        let document =
            "subscription { notificationReceived { kind metadata organization dismissed } }";
        let mut events = schema().execute_stream(Request::new(document).data(context));
        let (event, ()) = tokio::join!(events.next(), tell("two"));
        let event = serde_json::to_value(event.unwrap()).unwrap();
        assert_eq!(
            event["data"]["notificationReceived"],
            json!({ "kind": "maintenance", "metadata": { "what": "two" }, "organization": null, "dismissed": false })
        );
        let list = "query ($after: String) { viewer { notifications(first: 1, after: $after) \
             { unreadCount nodes { uuid metadata } pageInfo { hasNextPage endCursor } } } }";
        let data = ask(t, &ann, list, json!({})).await.data();
        let page = &data["viewer"]["notifications"];
        assert_eq!(
            (&page["unreadCount"], &page["pageInfo"]["hasNextPage"]),
            (&json!(2), &json!(true))
        );
        assert_eq!(page["nodes"][0]["metadata"]["what"], "two");
        let dismiss = "mutation ($u: String!) { dismissNotification(input: { uuid: $u }) \
             { unreadCount notification { dismissed } } }";
        let uuid = json!({ "u": page["nodes"][0]["uuid"] });
        let data = ask(t, &ann, dismiss, uuid.clone()).await.data();
        assert_eq!(
            data["dismissNotification"],
            json!({ "unreadCount": 1, "notification": { "dismissed": true } })
        );
        let data = ask(t, &ann, list, json!({})).await.data();
        assert_eq!(
            data["viewer"]["notifications"]["nodes"][0]["metadata"]["what"],
            "one"
        );
        t.user("bob").await;
        let (bob, _) = in_session(t, "bob").await;
        let refused = ask(t, &bob, dismiss, uuid.clone()).await;
        assert_eq!(refused.refused("reason"), Some("NOTIFICATION_NOT_FOUND"));
        let many = "mutation ($u: [String!], $d: Boolean!) { dismissNotifications(input: { uuids: $u, dismissed: $d }) \
             { uuids unreadCount } }";
        let all = json!({ "u": null, "d": true });
        let data = ask(t, &ann, many, all).await.data();
        let all = &data["dismissNotifications"];
        assert_eq!(all["unreadCount"], 0);
        assert_eq!(all["uuids"].as_array().unwrap().len(), 1);
        let back = json!({ "u": [uuid["u"], "none"], "d": false });
        assert_eq!(
            ask(t, &ann, many, back.clone()).await.data()["dismissNotifications"],
            json!({ "uuids": [uuid["u"]], "unreadCount": 1 })
        );
        let others = ask(t, &bob, many, back).await.data();
        assert_eq!(others["dismissNotifications"]["uuids"], json!([]));
        let unnamed = ask(t, &ann, many, json!({ "u": null, "d": false })).await;
        assert_eq!(unnamed.refused("field"), Some("uuids"));
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_field_of_an_account_changes_nothing() {
    let mut settings = Settings::default();
    settings.users.names = true;
    settings.users.rename = true;
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(t) = TestRegistry::with(backend, settings.clone()).await else {
            continue;
        };
        t.user("ann").await;
        t.user("bob").await;
        let (ann, _) = in_session(&t, "ann").await;
        let shown = "{ viewer { user { name company tagExpirationSeconds } } }";
        let shown = async || ask(&t, &ann, shown, json!({})).await.data()["viewer"].clone();
        let update = "mutation ($i: UpdateAccountInput!) { updateAccount(input: $i) \
             { user { name company tagExpirationSeconds } } }";
        let before = shown().await;
        let good = json!({ "username": "anna", "company": "Acme", "tagExpirationSeconds": 0 });
        for (field, value) in [
            ("username", json!("bob")),
            ("username", json!("No Name")),
            ("company", json!("x".repeat(256))),
            ("tagExpirationSeconds", json!(5)),
            ("tagExpirationSeconds", json!(-1)),
        ] {
            let mut input = good.clone();
            input[field] = value;
            let refused = ask(&t, &ann, update, json!({ "i": input })).await;
            assert_eq!(refused.refused("field"), Some(field), "{input}");
            assert_eq!(shown().await, before, "{input}");
        }
        let data = ask(&t, &ann, update, json!({ "i": good })).await.data();
        assert_eq!(
            data["updateAccount"]["user"],
            json!({ "name": "anna", "company": "Acme", "tagExpirationSeconds": 0 })
        );
        t.close().await;
    }
}
