//! Asking people into teams, their answers, and who belongs to an organization, as the console asks.

use std::time::Duration;

use berth_domain::{Namespace, TeamRole};
use berth_services::{Actor, Settings};
use berth_testkit::{Mailbox, PASSWORD, TestRegistry, db_test, with_mail};
use serde_json::{Value, json};

use crate::client::{Answer, ask};

const ADD: &str = "mutation ($input: AddTeamMemberInput!) { addTeamMember(input: $input) { team { memberCount } \
     member { account kind state invitation { uuid account email inviter organization team linkExpiresAt } } } }";
const INVITE: &str = "mutation ($input: InviteByEmailInput!) { inviteByEmail(input: $input) { team { name } \
     member { account kind state avatar { kind name } invitation { uuid account email inviter } } } }";
const CANCEL: &str = "mutation ($input: CancelInvitationInput!) { cancelInvitation(input: $input) { cancelledUuid \
     team { members(states: [INVITED]) { totalCount } } } }";
const ACCEPT: &str = "mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { \
     accepted { organization team inviter avatar { kind } } organization { viewerRole } } }";
const DECLINE: &str = "mutation ($input: DeclineInvitationInput!) { declineInvitation(input: $input) { \
     declined { organization team } } }";
const REMOVE: &str = "mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { removedAccount \
     organization { members { totalCount } } } }";
const OWN: &str = "{ viewer { invitations(first: 10) { nodes { uuid organization team account inviter } } \
     notifications { unreadCount nodes { kind organization } } } }";

/// An administrator of `acme`, the id of the team `qa` there, and bob in a session.
async fn with_team(t: &TestRegistry) -> (Actor, String, Actor) {
    let ann = t.mailed_user("ann").await;
    t.mailed_user("bob").await;
    let acme: Namespace = "acme".parse().unwrap();
    let (organizations, teams) = (&t.services.organizations, &t.services.teams);
    organizations.create(&ann, &acme, None).await.unwrap();
    let (name, role) = ("qa".parse().unwrap(), TeamRole::Creator);
    teams.create(&ann, &acme, &name, role, "").await.unwrap();
    let id = "{ namespace(name: \"acme\") { ... on Organization { team(name: \"qa\") { id } } } }";
    let found = ask(t, &ann, id, json!({})).await.data();
    let id = found["namespace"]["team"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    (ann, id, t.session("bob").await.actor)
}

async fn change(t: &TestRegistry, actor: &Actor, document: &str, input: Value) -> Answer {
    ask(t, actor, document, json!({ "input": input })).await
}

async fn listed(t: &TestRegistry, actor: &Actor, team: &str, states: &str) -> Value {
    let document = format!(
        "query ($id: ID!) {{ node(id: $id) {{ ... on Team {{ members{states} {{ totalCount nodes {{ account state \
         invitation {{ email }} }} }} }} }} }}"
    );
    let found = ask(t, actor, &document, json!({ "id": team })).await.data();
    found["node"]["members"].clone()
}

async fn code(t: &TestRegistry, mails: &Mailbox, address: &str) -> String {
    t.work_after(Duration::from_mins(2), "mail").await;
    mails.code_to(address).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_asked_and_comes_in_by_the_bell() {
    with_mail(Settings::default(), async |t, _| {
        let (ann, team, bob) = with_team(t).await;
        let asks = "{ registry { requiresTeamInvitations } }";
        let told = ask(t, &t.anonymous(), asks, json!({})).await.data();
        assert_eq!(told["registry"]["requiresTeamInvitations"], true);
        let input = json!({ "team": team, "account": "bob" });
        let added = change(t, &ann, ADD, input).await.data();
        let member = &added["addTeamMember"]["member"];
        let uuid = member["invitation"]["uuid"].clone();
        assert_eq!(
            added["addTeamMember"],
            json!({
                "team": { "memberCount": 0 },
                "member": {
                    "account": "bob", "kind": "USER", "state": "INVITED",
                    "invitation": {
                        "uuid": uuid, "account": "bob", "email": null, "inviter": "ann", "organization": "acme",
                        "team": "qa", "linkExpiresAt": null,
                    },
                },
            })
        );
        let row = json!({ "account": "bob", "state": "INVITED", "invitation": { "email": null } });
        let (none, one) = (json!({ "totalCount": 0, "nodes": [] }), json!({ "totalCount": 1, "nodes": [row] }));
        assert_eq!(listed(t, &ann, &team, "").await, none);
        assert_eq!(listed(t, &ann, &team, "(states: [MEMBER, INVITED])").await, one);
        assert_eq!(listed(t, &bob, &team, "(states: [INVITED])").await, Value::Null);
        let own = ask(t, &bob, OWN, json!({})).await.data();
        assert_eq!(
            own["viewer"],
            json!({
                "invitations": { "nodes": [
                    { "uuid": uuid, "organization": "acme", "team": "qa", "account": "bob", "inviter": "ann" },
                ] },
                "notifications": {
                    "unreadCount": 1, "nodes": [{ "kind": "org_team_invite", "organization": "acme" }],
                },
            })
        );
        let accepted = change(t, &bob, ACCEPT, json!({ "code": uuid })).await.data();
        assert_eq!(
            accepted["acceptInvitation"],
            json!({
                "accepted": [
                    { "organization": "acme", "team": "qa", "inviter": "ann", "avatar": { "kind": "org" } },
                ],
                "organization": { "viewerRole": "CREATOR" },
            })
        );
        let own = ask(t, &bob, OWN, json!({})).await.data();
        assert_eq!(
            own["viewer"],
            json!({ "invitations": { "nodes": [] }, "notifications": { "unreadCount": 0, "nodes": [] } })
        );
        let row = json!({ "account": "bob", "state": "MEMBER", "invitation": null });
        let one = json!({ "totalCount": 1, "nodes": [row] });
        assert_eq!(listed(t, &bob, &team, "(states: [MEMBER, INVITED])").await, one);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_asked_by_mail_and_its_code_shows_what_it_is_for() {
    const LOOK: &str = "query ($c: String!) { viewer { invitation(code: $c) { organization team email account } } }";
    with_mail(Settings::default(), async |t, mails| {
        let (ann, team, bob) = with_team(t).await;
        let input = json!({ "team": team, "email": "New@users.test" });
        let invited = change(t, &ann, INVITE, input).await.data();
        let member = &invited["inviteByEmail"]["member"];
        let uuid = member["invitation"]["uuid"].clone();
        assert_eq!(
            *member,
            json!({
                "account": null, "kind": null, "state": "INVITED",
                "avatar": { "kind": "user", "name": "new@users.test" },
                "invitation": { "uuid": uuid, "account": null, "email": "new@users.test", "inviter": "ann" },
            })
        );
        let mailed = code(t, mails, "New@users.test").await;
        let look = async |actor: &Actor, code: &Value| {
            let found = ask(t, actor, LOOK, json!({ "c": code })).await.data();
            found["viewer"].clone()
        };
        assert_eq!(
            look(&bob, &json!(mailed)).await["invitation"],
            json!({ "organization": "acme", "team": "qa", "email": "new@users.test", "account": null })
        );
        for bad in [json!("x"), uuid.clone(), json!("")] {
            assert_eq!(look(&bob, &bad).await["invitation"], Value::Null);
            let refused = change(t, &bob, ACCEPT, json!({ "code": bad })).await;
            assert_eq!(
                (refused.refused("code"), refused.refused("field")),
                (Some("INVALID_INPUT"), Some("code"))
            );
        }
        assert_eq!(look(&t.anonymous(), &json!(mailed)).await, Value::Null);
        let declined = change(t, &bob, DECLINE, json!({ "code": mailed })).await.data();
        assert_eq!(
            declined["declineInvitation"]["declined"],
            json!({ "organization": "acme", "team": "qa" })
        );
        // Asked anew, and taken back.
        let input = json!({ "team": team, "email": "new@users.test" });
        let invited = change(t, &ann, INVITE, input).await.data();
        let uuid = &invited["inviteByEmail"]["member"]["invitation"]["uuid"];
        let mailed = code(t, mails, "new@users.test").await;
        let input = json!({ "team": team, "uuid": uuid });
        let cancelled = change(t, &ann, CANCEL, input.clone()).await.data();
        assert_eq!(
            cancelled["cancelInvitation"],
            json!({ "cancelledUuid": uuid, "team": { "members": { "totalCount": 0 } } })
        );
        let again = change(t, &ann, CANCEL, input).await;
        assert_eq!(again.refused("reason"), Some("INVITATION_NOT_FOUND"));
        let refused = change(t, &bob, ACCEPT, json!({ "code": mailed })).await;
        assert_eq!(refused.refused("code"), Some("INVALID_INPUT"));
        let input = json!({ "team": team, "email": "nowhere" });
        let refused = change(t, &ann, INVITE, input).await;
        assert_eq!(refused.refused("field"), Some("email"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_members_ask_nobody_and_remove_nobody() {
    with_mail(Settings::default(), async |t, _| {
        let (ann, team, bob) = with_team(t).await;
        t.mailed_user("eve").await;
        let eve = t.session("eve").await.actor;
        let input = json!({ "team": team, "account": "bob" });
        let added = change(t, &ann, ADD, input).await.data();
        let uuid = &added["addTeamMember"]["member"]["invitation"]["uuid"];
        let refused = change(t, &eve, ACCEPT, json!({ "code": uuid })).await;
        assert_eq!(refused.refused("code"), Some("INVALID_INPUT"));
        change(t, &bob, ACCEPT, json!({ "code": uuid }))
            .await
            .data();
        let input = json!({ "team": team, "account": "eve" });
        let added = change(t, &ann, ADD, input).await.data();
        let uuid = &added["addTeamMember"]["member"]["invitation"]["uuid"];
        for (document, input) in [
            (INVITE, json!({ "team": team, "email": "x@users.test" })),
            (CANCEL, json!({ "team": team, "uuid": uuid })),
            (REMOVE, json!({ "organization": "acme", "account": "ann" })),
        ] {
            for (actor, code) in [
                (&bob, "FORBIDDEN"),
                (&eve, "NOT_FOUND"),
                (&t.anonymous(), "UNAUTHENTICATED"),
            ] {
                let refused = change(t, actor, document, input.clone()).await;
                assert_eq!(refused.refused("code"), Some(code), "{document}");
            }
        }
        let people = "{ namespace(name: \"acme\") { ... on Organization { members { totalCount } \
             collaborators { totalCount } member(account: \"bob\") { account } } } }";
        let seen = ask(t, &bob, people, json!({})).await.data();
        assert_eq!(
            seen["namespace"],
            json!({ "members": null, "collaborators": null, "member": null })
        );
        // A team's members do not see who is asked into it.
        let row = json!({ "account": "bob", "state": "MEMBER", "invitation": null });
        let one = json!({ "totalCount": 1, "nodes": [row] });
        assert_eq!(
            listed(t, &bob, &team, "(states: [MEMBER, INVITED])").await,
            one
        );
        let token = t.oauth_token(&eve, "org:admin").await;
        let bearer = t
            .services
            .authn
            .bearer(&token, berth_services::Origin::default());
        let narrow = bearer.await.unwrap();
        let own = "{ viewer { invitations { nodes { uuid } } } }";
        let seen = ask(t, &narrow, own, json!({})).await.data();
        assert_eq!(seen["viewer"]["invitations"], Value::Null);
    })
    .await;
}

db_test!(
    async fn people_are_listed_and_leave(t: TestRegistry) {
        let (ann, team, bob) = with_team(t).await;
        t.user("carol").await;
        let (robots, acme) = (&t.services.robots, "acme".parse().unwrap());
        robots.create(&ann, &acme, "ci", "").await.unwrap();
        let create = "mutation { createRepository(input: { namespace: \"acme\", name: \"app\" }) { repository { id } } }";
        let made = ask(t, &ann, create, json!({})).await.data();
        let set = "mutation ($id: ID!) { setPermissions(input: { repository: $id, permissions: [ \
             { account: \"bob\", role: WRITE }, { account: \"carol\", role: READ }, \
             { account: \"acme+ci\", role: ADMIN }] }) { repository { id } } }";
        let id = json!({ "id": made["createRepository"]["repository"]["id"] });
        ask(t, &ann, set, id).await.data();
        // Without mail nobody has to agree.
        let input = json!({ "team": team, "account": "bob" });
        let added = change(t, &ann, ADD, input).await.data();
        assert_eq!(added["addTeamMember"]["member"]["state"], "MEMBER");
        let people = "{ namespace(name: \"acme\") { ... on Organization { \
             members(first: 1) { totalCount pageInfo { hasNextPage endCursor } nodes { account kind \
               memberOf { name } teamCount ownRoles { role } repositoryCount isLastAdministrator } } \
             collaborators { totalCount nodes { account kind ownRoles { role repository { path } } repositoryCount } } \
             member(account: \"acme+ci\") { account kind teamCount repositoryCount } } } }";
        let seen = ask(t, &ann, people, json!({})).await.data();
        let end = seen["namespace"]["members"]["pageInfo"]["endCursor"].clone();
        let role = |role: &str| json!([{ "role": role, "repository": { "path": "acme/app" } }]);
        assert_eq!(
            seen["namespace"],
            json!({
                "members": {
                    "totalCount": 2, "pageInfo": { "hasNextPage": true, "endCursor": end },
                    "nodes": [{
                        "account": "ann", "kind": "USER", "memberOf": [{ "name": "owners" }], "teamCount": 1,
                        "ownRoles": [], "repositoryCount": 0, "isLastAdministrator": true,
                    }],
                },
                "collaborators": {
                    "totalCount": 2, "nodes": [
                        { "account": "carol", "kind": "USER", "ownRoles": role("READ"), "repositoryCount": 1 },
                        { "account": "acme+ci", "kind": "ROBOT", "ownRoles": role("ADMIN"), "repositoryCount": 1 },
                    ],
                },
                "member": { "account": "acme+ci", "kind": "ROBOT", "teamCount": 0, "repositoryCount": 1 },
            })
        );
        let on = "query ($after: String) { namespace(name: \"acme\") { ... on Organization { \
             members(after: $after, search: \"B\") { totalCount nodes { account memberOf { name } \
             ownRoles { role repository { path } } isLastAdministrator } } } } }";
        let seen = ask(t, &ann, on, json!({ "after": end })).await.data();
        assert_eq!(
            seen["namespace"]["members"],
            json!({ "totalCount": 1, "nodes": [{
                "account": "bob", "memberOf": [{ "name": "qa" }], "ownRoles": role("WRITE"),
                "isLastAdministrator": false,
            }] })
        );
        let remove = |account: &str| json!({ "organization": "acme", "account": account });
        let left = change(t, &ann, REMOVE, remove("bob")).await.data();
        assert_eq!(
            left["removeMember"],
            json!({ "removedAccount": "bob", "organization": { "members": { "totalCount": 1 } } })
        );
        let hidden = "{ repository(namespace: \"acme\", name: \"app\") { id } }";
        let seen = ask(t, &bob, hidden, json!({})).await.data();
        assert_eq!(seen["repository"], Value::Null);
        let refused = change(t, &ann, REMOVE, remove("ann")).await;
        assert_eq!(refused.refused("code"), Some("CONFLICT"));
        for nobody in ["acme+ci", "nobody"] {
            let refused = change(t, &ann, REMOVE, remove(nobody)).await;
            assert_eq!(refused.refused("reason"), Some("USER_NOT_FOUND"));
        }
        let input = json!({ "team": team, "email": "x@users.test" });
        let off = change(t, &ann, INVITE, input).await;
        assert_eq!(off.refused("code"), Some("FEATURE_OFF"));
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_an_invitation_makes_an_account_where_nobody_else_gets_one() {
    const OFFERED: &str = "{ registry { signUp signUpByInvitation } }";
    const SIGN_UP: &str = "mutation ($input: SignUpInput!) { signUp(input: $input) { awaitingVerification \
         viewer { user { name } } } }";
    const SIGN_IN: &str =
        "mutation ($input: SignInInput!) { signIn(input: $input) { viewer { user { name } } } }";
    let mut settings = Settings::default();
    settings.users.sign_up_by_invitation = true;
    with_mail(settings, async |t, mails| {
        let (ann, team, _) = with_team(t).await;
        let nobody = t.anonymous();
        let offered = ask(t, &nobody, OFFERED, json!({})).await.data();
        assert_eq!(
            offered["registry"],
            json!({ "signUp": false, "signUpByInvitation": true })
        );
        let input = json!({ "team": team, "email": "zoe@users.test" });
        change(t, &ann, INVITE, input).await.data();
        let code = code(t, mails, "zoe@users.test").await;
        let new = |email: &str, code: Option<&str>| {
            json!({ "username": "zoe", "password": PASSWORD, "email": email, "inviteCode": code })
        };
        for (email, shown) in [
            ("zoe@users.test", None),
            ("zoe@users.test", Some("not-a-code")),
            ("eve@users.test", Some(code.as_str())),
        ] {
            let refused = change(t, &nobody, SIGN_UP, new(email, shown)).await;
            assert_eq!(refused.refused("code"), Some("INVALID_INPUT"), "{email}");
        }
        let input = new("zoe@users.test", Some(&code));
        let signed_up = change(t, &nobody, SIGN_UP, input).await.data();
        assert_eq!(
            signed_up["signUp"],
            json!({ "awaitingVerification": false, "viewer": { "user": { "name": "zoe" } } })
        );
        let input = json!({ "username": "zoe", "password": PASSWORD, "inviteCode": code });
        let signed_in = change(t, &nobody, SIGN_IN, input).await.data();
        assert_eq!(signed_in["signIn"]["viewer"]["user"]["name"], "zoe");
        let zoe = t.session("zoe").await.actor;
        let accepted = change(t, &zoe, ACCEPT, json!({ "code": code })).await.data();
        let accepted = &accepted["acceptInvitation"]["organization"];
        assert_eq!(*accepted, json!({ "viewerRole": "CREATOR" }));
    })
    .await;
}
