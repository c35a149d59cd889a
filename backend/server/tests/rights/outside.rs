//! Every other route of the server.

use crate::caller::{CALLBACK, Others, Target};
use crate::site::{Request, Site};
use crate::sweep::{Ends, ONCE, Question, THREE, WHOLE, status};

/// Paths that stand for many: their routes are asked for one by one, here and, below `/v2` and `/keys`, in a
/// table of their own in `backend/distribution/tests/rights`.
const SWEPT: [&str; 10] = [
    "/api/v1",
    "/api/v1/",
    "/api/v1/{*path}",
    "/graphql",
    "/keys/services/{service}/keys",
    "/keys/services/{service}/keys/{kid}",
    "/v2",
    "/v2/",
    "/v2/auth",
    "/v2/{*path}",
];

/// A question for each verb of each path that the router has.
pub(crate) async fn questions(site: &mut Site, others: &Others) -> Vec<Question> {
    let mut questions = Vec::new();
    for path in site.paths() {
        if SWEPT.contains(&path.as_str()) {
            continue;
        }
        // A verb that no route offers is answered with those that it does.
        let refused = site.ask(Request::new("TRACE", &*path), &[]).await;
        assert_eq!(refused.status, 405, "{path}");
        let offered = refused.header("allow").unwrap_or_default().to_owned();
        assert!(!offered.is_empty(), "{path}");
        for verb in offered.split(',') {
            questions.push(question(verb.trim(), &path, others));
        }
    }
    for path in ["/api/v1/", "/api/v1/nothing", "/v1/_ping"] {
        questions.push(plain("GET", path));
    }
    questions
}

fn plain(verb: &str, path: &str) -> Question {
    let (verb, path) = (verb.to_owned(), path.to_owned());
    Question {
        name: format!("{verb} {path}"),
        about: ONCE,
        word: status,
        ends: Ends::Nothing,
        ask: Box::new(move |_, _| Request::new(&verb, &*path)),
    }
}

fn question(verb: &str, path: &str, others: &Others) -> Question {
    match (verb, path) {
        (
            "GET" | "HEAD",
            "/.well-known/app-capabilities"
            | "/.well-known/change-password"
            | "/_internal_ping"
            | "/config"
            | "/csrf_token"
            | "/health"
            | "/health/endtoend"
            | "/health/instance"
            | "/health/live"
            | "/health/ready"
            | "/health/warning"
            | "/metrics"
            | "/oauth/localapp"
            | "/status",
        ) => plain(verb, path),
        ("GET" | "HEAD", "/oauth/authorize")
        | ("POST", "/oauth/authorizeapp" | "/oauth/denyapp") => Question {
            about: THREE,
            ends: Ends::Thing,
            ..consent(verb, path, others)
        },
        ("POST", "/oauth/authorize/assignuser" | "/oauth/access_token") => Question {
            about: WHOLE,
            ..consent(verb, path, others)
        },
        _ => panic!("{verb} {path} is new: say here how it is asked, and about what"),
    }
}

/// What an application asks on the pages of OAuth, about itself or about what a user was asked for in its name.
fn consent(verb: &str, path: &str, others: &Others) -> Question {
    let (verb, path) = (verb.to_owned(), path.to_owned());
    let name = format!("{verb} {path}");
    let is_of_application = path.ends_with("/assignuser") || path.ends_with("/access_token");
    // That an application is there is no secret, so what is absent is absent from one that is.
    let (nothing, client) = (
        others.absent.assignment.clone(),
        others.hidden.estate.client_id.clone(),
    );
    let ask = move |target: &Target, _: u32| {
        let is_absent = !is_of_application && target.assignment == nothing;
        let client_id = if is_absent {
            client.as_str()
        } else {
            &target.estate.client_id
        };
        let mut pairs = vec![
            ("client_id", client_id),
            ("redirect_uri", CALLBACK),
            ("scope", "repo:read"),
            ("response_type", "token"),
        ];
        if is_of_application {
            pairs.extend([
                ("username", "eve"),
                ("grant_type", "authorization_code"),
                ("client_secret", "not-the-secret"),
                ("code", "not-a-code"),
            ]);
        } else {
            pairs.push(("assignment_uuid", &target.assignment));
        }
        if verb == "POST" {
            return Request::new(&verb, &*path).form(&pairs);
        }
        let query = serde_urlencoded::to_string(&pairs).unwrap();
        Request::new(&verb, format!("{path}?{query}"))
    };
    Question {
        name,
        about: ONCE,
        word: status,
        ends: Ends::Nothing,
        ask: Box::new(ask),
    }
}
