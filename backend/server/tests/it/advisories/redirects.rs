//! Addresses in answers: none leads away from the registry, whatever a request says.

use berth_testkit::PASSWORD;

use super::{Site, basic};
use crate::server::Answer;

/// Headers by which a client might say under which address it asks.
const FORWARDED: [(&str, &str); 6] = [
    ("X-Forwarded-Host", "evil.test"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Prefix", "//evil.test"),
    ("Forwarded", "host=evil.test;proto=https"),
    ("X-Original-URL", "//evil.test/"),
    ("X-Rewrite-URL", "//evil.test/"),
];

/// Every header that names an address.
fn is_of_the_registry(answer: &Answer, what: &str) {
    for name in ["location", "content-location", "refresh", "link"] {
        for value in answer.headers(name) {
            let own = value.trim_start_matches('<');
            let is_path = own.starts_with('/') && !own.starts_with("//") && !own.contains('\\');
            assert!(is_path, "{what}: {name}: {value}");
        }
    }
}

#[test]
fn no_path_and_no_parameter_leads_to_another_site() {
    let site = Site::new();
    for path in [
        "//evil.test",
        "//evil.test/",
        "///evil.test/..",
        "/\\evil.test",
        "/%5cevil.test",
        "/%2f%2fevil.test/",
        "/.//evil.test",
        "/%09/evil.test",
        "//evil.test/v2/",
        "//evil.test/api/v1",
        "/v2//evil.test",
        "/v2//evil.test/manifests/1",
        "/v2",
        "/v2/auth/",
        "/api/v1//evil.test",
        "/api/v1/user/initialize/",
        "/graphql/",
        "/graphql//evil.test",
        "/health//evil.test",
        "/health/live/",
        "/assets//evil.test",
        "/csrf_token/",
        "/signin?next=//evil.test",
        "/sign-in?next=https://evil.test&redirect=https://evil.test&redirect_uri=https://evil.test",
        "/sign-in?return_to=/%5cevil.test&url=//evil.test&continue=javascript:alert(1)",
        "/csrf_token?next=//evil.test",
        "/graphql?query=%7B__typename%7D&redirect=//evil.test",
        "/v2/auth?service=evil.test&redirect_uri=//evil.test",
        "/repository/..//evil.test",
        "/%0d%0aLocation:%20https://evil.test",
        "http://evil.test/",
        "https://evil.test/v2",
    ] {
        for method in ["GET", "HEAD", "POST", "PUT"] {
            let answer = site.server.ask(method, path, &FORWARDED, "");
            let what = format!("{method} {path}");
            is_of_the_registry(&answer, &what);
            assert!(!(300..400).contains(&answer.status), "{what}: {answer:?}");
        }
    }
}

#[test]
fn what_a_stranger_says_of_the_host_is_in_no_answer() {
    let keys = [("SERVER_HOSTNAME", "reg.test:5000")];
    for (site, realm) in [
        (Site::new(), None),
        (Site::with(&keys), Some("reg.test:5000")),
    ] {
        let own = site.server.address.to_string();
        let realm = format!("realm=\"http://{}/v2/auth\"", realm.unwrap_or(&own));
        let challenge = site.server.ask("GET", "/v2/", &FORWARDED, "");
        let challenge = challenge.headers("www-authenticate")[0].to_owned();
        assert!(challenge.contains(&realm), "{challenge}");

        let basic = basic(("ann", PASSWORD));
        let login = [&FORWARDED[..], &[("Authorization", &basic)]].concat();
        let path = "/v2/auth?scope=repository:ann/app:pull,push";
        let token = site.server.ask("GET", path, &login, "");
        let bearer = format!("Bearer {}", token.json()["token"].as_str().unwrap());
        let headers = [&FORWARDED[..], &[("Authorization", &bearer)]].concat();
        let uploads = "/v2/ann/app/blobs/uploads/";
        let started = site.server.ask("POST", uploads, &headers, "");
        assert_eq!(started.status, 202, "{started:?}");
        assert!(started.headers("location")[0].starts_with(uploads));
        let place = started.headers("location")[0].to_owned();
        for (method, path) in [
            ("PATCH", place.clone()),
            ("GET", place.clone()),
            ("GET", "/v2/ann/app/tags/list?n=1".to_owned()),
            ("GET", "/v2/ann/app/manifests/none".to_owned()),
            ("GET", "/v2/_catalog?n=1".to_owned()),
            ("GET", "/api/v1/nothing".to_owned()),
            (
                "GET",
                "/graphql?query=%7Bregistry%7Bhostname%7D%7D".to_owned(),
            ),
        ] {
            let answer = site.server.ask(method, &path, &headers, "");
            is_of_the_registry(&answer, &path);
            assert!(!format!("{answer:?}").contains("evil.test"), "{answer:?}");
        }
    }
}
