//! Scripts in what people write and in what clients ask: no answer is a page that runs them.

use berth_domain::Digest;
use berth_testkit::PASSWORD;
use serde_json::{Value, json};

use super::{Browser, Site};
use crate::server::Answer;

const SCRIPT: &str = "<script>alert(1)</script>";

/// What a browser may make of an answer: no page, or the console's own one, under a policy that
/// lets no script run but its own.
fn runs_nothing(answer: &Answer, what: &str) {
    assert_eq!(
        answer.headers("x-content-type-options"),
        ["nosniff"],
        "{what}"
    );
    let media_type = answer.headers("content-type").concat();
    for page in ["html", "svg", "xml", "javascript", "xsl", "pdf"] {
        let is_ours = page == "html" && is_guarded(answer);
        assert!(!media_type.contains(page) || is_ours, "{what}: {answer:?}");
    }
    let may_repeat = media_type.contains("json");
    assert!(
        may_repeat || !answer.body.contains("alert(1)"),
        "{what}: {answer:?}"
    );
}

fn is_guarded(answer: &Answer) -> bool {
    let policy = answer.headers("content-security-policy").concat();
    policy.contains("default-src 'none'") && !policy.contains("'unsafe-inline'")
}

#[test]
fn what_is_asked_for_is_on_no_page() {
    let site = Site::new();
    let escaped = "%3Cscript%3Ealert(1)%3C/script%3E";
    for base in [
        "/",
        "/v2/",
        "/v2/auth",
        "/v2/_catalog",
        "/v2/a/b/manifests/",
        "/api/v1/",
        "/api/v1/user/initialize",
        "/graphql",
        "/health/",
        "/health/live",
        "/metrics",
        "/csrf_token",
        "/assets/",
        "/repository/ann/",
        "/sign-in",
        "/keys/",
    ] {
        for path in [
            format!("{base}{escaped}"),
            format!("{base}{escaped}.html"),
            format!("{base}/{escaped}"),
            format!("{base}?query={escaped}&scope={escaped}&service={escaped}&error={escaped}"),
            format!("{base}#{SCRIPT}"),
        ] {
            for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS"] {
                let headers = [
                    ("User-Agent", SCRIPT),
                    ("Referer", SCRIPT),
                    ("Accept", "text/html"),
                    ("X-Request-Id", SCRIPT),
                    ("X-Forwarded-Host", SCRIPT),
                    ("Authorization", SCRIPT),
                    ("Cookie", "berth_session=<script>alert(1)</script>"),
                    ("Content-Type", SCRIPT),
                ];
                for headers in [&headers[..], &headers[..2]] {
                    let answer = site.server.ask(method, &path, headers, SCRIPT);
                    // What is no URL is refused before anything of ours sees it.
                    if answer.status == 400 && answer.body.is_empty() {
                        continue;
                    }
                    runs_nothing(&answer, &format!("{method} {path}"));
                    let head = answer.headers("x-request-id").concat();
                    assert!(!head.contains('<'), "{answer:?}");
                }
            }
        }
    }
}

/// Everything that somebody wrote, as a list shows it.
const SHOWN: &str = "{ viewer { user { name } } repository(namespace: \"ann\", name: \"app\") { \
    description descriptionHtml tag(name: \"1\") { name manifest { raw annotations { key value } \
    ... on ImageManifest { config { labels { key value } } } } } } \
    namespace(name: \"ann\") { robots { nodes { description } } } }";

#[test]
fn what_people_write_is_data_wherever_it_is_shown() {
    let site = Site::new();
    let ann = Browser::of(&site, "ann");
    let texts = [
        SCRIPT,
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "[a](javascript:alert(1)) [b](JaVa\tScript:alert(1)) [c](data:text/html,<script>alert(1)</script>)",
        "![x](https://evil.test/\"onerror=\"alert(1))",
        "[x](https://evil.test/\"onmouseover=\"alert(1)) <https://a.test/\"onclick=alert(1)>",
        "[x]: javascript:alert(1)\n[x]",
        "`<script>alert(1)</script>`\n\n    <script>alert(1)</script>\n\n```<script>\n<script>alert(1)</script>\n```",
        "<a href=\"javascript:alert(1)\">x</a> <iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
        "<!--><script>alert(1)</script>--> <![CDATA[<script>alert(1)</script>]]> <?x <script>alert(1)</script>?>",
    ];
    let description = texts.join("\n\n");
    let input = format!(
        "namespace: \"ann\", name: \"app\", visibility: PUBLIC, description: {}",
        json!(description)
    );
    ann.data(&format!(
        "mutation {{ createRepository(input: {{ {input} }}) {{ repository {{ id }} }} }}"
    ));
    ann.data(&format!(
        "mutation {{ createRobot(input: {{ namespace: \"ann\", shortName: \"ci\", description: {} }}) {{ robot {{ id }} }} }}",
        json!(SCRIPT)
    ));
    let token = site
        .token(("ann", PASSWORD), "repository:ann/app:pull,push")
        .unwrap();
    let [digest, _] = site.push(&token, "ann/app:1", &json!({ (SCRIPT): SCRIPT }));

    let answer = site.post(&ann.headers(), SHOWN);
    runs_nothing(&answer, "GraphQL");
    let shown = answer.json();
    let repository = &shown["data"]["repository"];
    assert_eq!(repository["description"], description);
    let manifest = &repository["tag"]["manifest"];
    assert_eq!(manifest["annotations"][0]["value"], SCRIPT);
    assert_eq!(manifest["config"]["labels"][0]["value"], SCRIPT);
    holds_nothing_that_runs(repository["descriptionHtml"].as_str().unwrap());

    // The same bytes by the registry's protocol: content that is never a page.
    for path in [
        "/v2/ann/app/manifests/1".to_owned(),
        format!("/v2/ann/app/manifests/{digest}"),
        format!("/v2/ann/app/referrers/{digest}?artifactType=%3Cscript%3E"),
        "/v2/ann/app/tags/list".to_owned(),
        "/v2/_catalog".to_owned(),
    ] {
        runs_nothing(&site.v2("GET", &path, &token, ""), &path);
    }
}

#[test]
fn a_layer_that_is_a_page_is_downloaded_and_not_shown() {
    let site = Site::new();
    let token = site
        .token(("ann", PASSWORD), "repository:ann/app:pull,push")
        .unwrap();
    let page = "<!doctype html><script>fetch('/graphql')</script>";
    let digest = Digest::of(page.as_bytes());
    let bearer = format!("Bearer {token}");
    let path = format!("/v2/ann/app/blobs/uploads/?digest={digest}");
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "text/html"),
    ];
    assert_eq!(site.server.ask("POST", &path, &headers, page).status, 201);
    let blob = format!("/v2/ann/app/blobs/{digest}");
    let headers = [headers[0], ("Accept", "text/html")];
    let answer = site.server.ask("GET", &blob, &headers, "");
    assert_eq!(answer.body, page);
    assert_eq!(answer.headers("content-type"), ["application/octet-stream"]);
    runs_nothing(&answer, &blob);
    // Nor is a manifest what its sender calls it.
    let manifest =
        json!({ "schemaVersion": 2, "mediaType": "text/html", "layers": [] }).to_string();
    for media_type in ["text/html", "image/svg+xml", "application/javascript"] {
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", media_type),
        ];
        let path = "/v2/ann/app/manifests/1";
        let refused = site.server.ask("PUT", path, &headers, &manifest);
        assert!([400, 415].contains(&refused.status), "{refused:?}");
        runs_nothing(&refused, media_type);
    }
}

/// Elements without a handler, and links to the web alone.
fn holds_nothing_that_runs(html: &str) {
    let elements = [
        "p", "/p", "pre", "/pre", "code", "/code", "em", "/em", "strong", "/strong", "a", "/a",
    ];
    for element in html.split('<').skip(1) {
        let (element, _) = element.split_once('>').expect("an end");
        let (name, attributes) = element.split_once(' ').unwrap_or((element, ""));
        assert!(elements.contains(&name), "<{element}> in {html}");
        let is_link = attributes
            .strip_prefix("href=\"https://")
            .and_then(|rest| rest.split_once('"'))
            .is_some_and(|(_, rest)| rest.is_empty());
        assert!(
            attributes.is_empty() || name == "a" && is_link || name == "code",
            "<{element}>"
        );
        assert!(!attributes.contains("on") || is_link, "<{element}>");
    }
}

#[test]
fn a_refusal_that_repeats_a_text_is_data_too() {
    let site = Site::new();
    let ann = Browser::of(&site, "ann");
    for query in [
        format!("{{ {SCRIPT} }}"),
        "{ scriptalert1 }".to_owned(),
        format!("{{ node(id: {}) {{ id }} }}", json!(SCRIPT)),
        format!(
            "mutation {{ createOrganization(input: {{ name: {} }}) {{ organization {{ id }} }} }}",
            json!(SCRIPT)
        ),
        format!(
            "mutation {{ createRepository(input: {{ namespace: \"ann\", name: {} }}) {{ repository {{ id }} }} }}",
            json!(SCRIPT)
        ),
    ] {
        let answer = site.post(&ann.headers(), &query);
        runs_nothing(&answer, &query);
        let told: Value = answer.json();
        assert!(
            told["errors"].is_array() || told["data"]["node"].is_null(),
            "{told}"
        );
    }
    for accept in ["text/html", "text/html, */*;q=0.1", "image/svg+xml"] {
        let answer = site.post(&[("Accept", accept)], &format!("{{ {SCRIPT} }}"));
        runs_nothing(&answer, accept);
    }
}
