//! What is deleted or ended opens nothing with what is left of it.

use berth_testkit::PASSWORD;
use serde_json::{Value, json};

use super::{Browser, Site, sign_in, site_test};

const READ: &str = "repository:acme/app:pull";
const IMAGE: &str = "/v2/acme/app/manifests/1";

/// The organization `acme` of `ann` with the repository `app`, which its robot `ci` and `bob` read.
struct Acme<'a> {
    ann: Browser<'a>,
    organization: String,
    repository: String,
    robot: String,
    robot_token: String,
    /// Its image and the configuration of that, by digest.
    content: [String; 2],
}

impl<'a> Acme<'a> {
    fn new(site: &'a Site) -> Self {
        let ann = Browser::of(site, "ann");
        let id = |data: &Value, field: &str, object: &str| {
            let id = &data[field][object]["id"];
            id.as_str().expect("an id").to_owned()
        };
        let made = ann.data(
            "mutation { createOrganization(input: { name: \"acme\" }) { organization { id } } }",
        );
        let organization = id(&made, "createOrganization", "organization");
        let (robot, robot_token) = robot(&ann);
        let token = site
            .token(("ann", PASSWORD), "repository:acme/app:pull,push")
            .unwrap();
        let [manifest, config] = site.push(&token, "acme/app:1", &json!({}));
        let content = [
            format!("/v2/acme/app/manifests/{manifest}"),
            format!("/v2/acme/app/blobs/{config}"),
        ];
        let found = ann.data("{ repository(namespace: \"acme\", name: \"app\") { id } }");
        let repository = found["repository"]["id"].as_str().unwrap().to_owned();
        let permissions =
            "[{ account: \"acme+ci\", role: READ }, { account: \"bob\", role: READ }]";
        ann.data(&format!(
            "mutation {{ setPermissions(input: {{ repository: \"{repository}\", permissions: {permissions} }}) \
             {{ repository {{ id }} }} }}"
        ));
        Self {
            ann,
            organization,
            repository,
            robot,
            robot_token,
            content,
        }
    }

    /// Deletes by a field of mutations.
    fn delete(&self, field: &str, id: &str) {
        self.ann.data(&format!(
            "mutation {{ {field}(input: {{ ids: [\"{id}\"] }}) {{ deletedIds }} }}"
        ));
    }
}

/// Makes the robot `ci` of `acme`; returns its id and its token.
fn robot(ann: &Browser<'_>) -> (String, String) {
    let made = ann.data(
        "mutation { createRobot(input: { namespace: \"acme\", shortName: \"ci\" }) \
         { robot { id credentials { token } } } }",
    );
    let robot = &made["createRobot"]["robot"];
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&robot["id"]), text(&robot["credentials"]["token"]))
}

const TAGS: &str = "/v2/acme/app/tags/list";

/// The token opens none of these, neither to read nor to write.
fn is_closed(site: &Site, token: &str, paths: &[&str]) {
    for path in paths {
        let methods: &[&str] = match path {
            path if path.contains("/uploads/") => &["GET", "PATCH", "DELETE"],
            path if path.contains("/manifests/") => &["GET", "HEAD", "PUT", "DELETE"],
            _ => &["GET", "HEAD"],
        };
        for method in methods {
            let answer = site.v2(method, path, token, "");
            assert!(
                [401, 404].contains(&answer.status),
                "{method} {path}: {answer:?}"
            );
        }
    }
}

site_test!(
    fn a_deleted_robot_opens_nothing_also_when_its_name_comes_back(site: Site) {
        let acme = Acme::new(site);
        let login = ("acme+ci", acme.robot_token.as_str());
        let token = site.token(login, READ).unwrap();
        assert_eq!(site.v2("GET", IMAGE, &token, "").status, 200);
        acme.delete("deleteRobots", &acme.robot);
        is_closed(site, &token, &[IMAGE, TAGS]);
        assert_eq!(site.v2("GET", "/v2/", &token, "").status, 401);
        assert_eq!(site.token(login, READ), None);

        let (id, fresh) = robot(&acme.ann);
        assert!(id != acme.robot && fresh != acme.robot_token);
        assert_eq!(site.token(login, READ), None);
        is_closed(site, &token, &[IMAGE]);
        // The name has come back, and what it might do has not.
        let token = site.token(("acme+ci", &fresh), READ).unwrap();
        is_closed(site, &token, &[IMAGE]);
    }
);

site_test!(
    fn a_deleted_organization_opens_nothing(site: Site) {
        let acme = Acme::new(site);
        let bob = Browser::of(site, "bob");
        let login = ("acme+ci", acme.robot_token.as_str());
        let push = "repository:acme/app:pull,push";
        let tokens = [
            site.token(login, READ).unwrap(),
            site.token(("ann", PASSWORD), push).unwrap(),
            site.token(("bob", PASSWORD), READ).unwrap(),
        ];
        let upload = site.v2("POST", "/v2/acme/app/blobs/uploads/", &tokens[1], "");
        let upload = upload.headers("location")[0].to_owned();
        let [manifest, blob] = &acme.content;
        acme.delete("deleteOrganizations", &acme.organization);
        for token in &tokens {
            is_closed(site, token, &[IMAGE, manifest, blob, &upload, TAGS]);
        }
        assert_eq!(site.token(login, READ), None);
        for browser in [&acme.ann, &bob] {
            let seen = browser.data(&format!(
                "{{ namespace(name: \"acme\") {{ id }} repository(namespace: \"acme\", name: \"app\") {{ id }} \
                 organizations {{ nodes {{ id }} }} repositories {{ nodes {{ id }} }} \
                 nodes(ids: [\"{}\" \"{}\" \"{}\"]) {{ id }} }}",
                acme.organization, acme.repository, acme.robot
            ));
            let nothing = json!({
                "namespace": null, "repository": null, "organizations": { "nodes": [] },
                "repositories": { "nodes": [] }, "nodes": [null, null, null],
            });
            assert_eq!(seen, nothing);
        }
    }
);

site_test!(
    fn a_deleted_repository_opens_nothing_also_when_its_name_comes_back(site: Site) {
        let acme = Acme::new(site);
        let bob = Browser::of(site, "bob");
        let login = ("acme+ci", acme.robot_token.as_str());
        let tokens = [
            site.token(login, READ).unwrap(),
            site.token(("bob", PASSWORD), READ).unwrap(),
        ];
        let push = "repository:acme/app:pull,push";
        let own = site.token(("ann", PASSWORD), push).unwrap();
        let upload = site.v2("POST", "/v2/acme/app/blobs/uploads/", &own, "");
        let upload = upload.headers("location")[0].to_owned();
        let [manifest, blob] = &acme.content;
        acme.delete("deleteRepositories", &acme.repository);
        let paths = [IMAGE, manifest, blob, TAGS];
        for token in &tokens {
            is_closed(site, token, &paths);
        }
        acme.ann.data(
            "mutation { createRepository(input: { namespace: \"acme\", name: \"app\" }) { repository { id } } }",
        );
        site.push(&own, "acme/app:1", &json!({ "new": "content" }));
        for token in &tokens {
            is_closed(site, token, &paths);
        }
        // To who owns the new one the old one is gone too.
        for path in [manifest, blob, &upload] {
            assert_eq!(site.v2("GET", path, &own, "").status, 404, "{path}");
        }
        let node = format!("{{ node(id: \"{}\") {{ id }} }}", acme.repository);
        for browser in [&acme.ann, &bob] {
            assert_eq!(browser.data(&node), json!({ "node": null }));
        }
        let name = "{ repository(namespace: \"acme\", name: \"app\") { id } }";
        assert_eq!(bob.data(name), json!({ "repository": null }));
    }
);

site_test!(
    fn an_ended_session_opens_nothing(site: Site) {
        let (first, second) = (Browser::of(site, "ann"), Browser::of(site, "ann"));
        let bob = Browser::of(site, "bob");
        second.data("mutation { signOut { success } }");
        for ended in [&first, &second] {
            assert_eq!(ended.viewer(), "");
            let change = "mutation { createOrganization(input: { name: \"acme\" }) { organization { id } } }";
            let refused = ended.ask(change);
            assert_eq!(
                refused["errors"][0]["extensions"]["code"], "UNAUTHENTICATED",
                "{refused}"
            );
        }
        let third = Browser::of(site, "ann");
        let change = "mutation { changePassword(input: { currentPassword: \"PASSWORD\", \
             newPassword: \"another-horse-battery\" }) { viewer { user { name } } } }";
        let answer = site.post(&third.headers(), &change.replace("PASSWORD", PASSWORD));
        let fourth = Browser::after(site, &answer);
        assert_eq!(
            (third.viewer(), fourth.viewer()),
            (String::new(), "ann".into())
        );
        // The token of an ended session is good for no other one.
        let mixed = [("Cookie", &*fourth.cookie), ("X-CSRF-Token", &*third.csrf)];
        assert_eq!(site.post(&mixed, "{ viewer { scopes } }").status, 403);
        let old = site.post(&[], &sign_in("ann", PASSWORD)).json();
        assert_eq!(old["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        assert_eq!(bob.viewer(), "bob");
    }
);
