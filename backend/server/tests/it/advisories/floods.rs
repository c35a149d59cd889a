//! Documents and bodies that ask for more than they say.

use berth_testkit::PASSWORD;
use serde_json::{Value, json};

use super::{Answer, JSON, Site, sign_in, site_test};

fn reason(answer: &Answer) -> String {
    let reason = &answer.json()["errors"][0]["extensions"]["reason"];
    reason.as_str().unwrap_or_default().to_owned()
}

/// A text of many parts, each made with its number.
fn many(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect::<Vec<_>>().concat()
}

/// The field of a sign-in, without the operation around it.
fn guess(password: &str) -> String {
    let operation = sign_in("ann", password);
    let (_, field) = operation.split_once('{').expect("an operation");
    field.strip_suffix('}').expect("its end").to_owned()
}

site_test!(
    fn a_request_tries_one_password_whatever_it_calls_it(site: Site) {
        let aliased = |count| {
            many(count, |n| {
                format!("a{n}: {} ", guess(&format!("guess number {n}")))
            })
        };
        let same = guess(PASSWORD);
        for (document, reason_given) in [
            (format!("mutation {{ {} }}", aliased(500)), "ALIASES"),
            (format!("mutation {{ {} }}", aliased(30)), "COMPLEXITY"),
            (format!("mutation {{ {} }}", aliased(2)), "COMPLEXITY"),
            (format!("mutation {{ {same} {same} }}"), "COMPLEXITY"),
            (
                format!("mutation {{ {same} ...f }} fragment f on Mutation {{ {same} }}"),
                "COMPLEXITY",
            ),
            (
                format!("mutation {{ {same} ... on Mutation @include(if: true) {{ {same} }} }}"),
                "COMPLEXITY",
            ),
        ] {
            let refused = site.post(&[], &document);
            assert_eq!(reason(&refused), reason_given, "{document:.100}");
            assert!(refused.json()["data"].is_null() && refused.headers("set-cookie").is_empty());
        }
        let list: Vec<Value> = (0..500)
            .map(|n| json!({ "query": sign_in("ann", &format!("guess number {n}")) }))
            .collect();
        let batch = site
            .server
            .ask("POST", "/graphql", &[JSON], &json!(list).to_string());
        assert_eq!(batch.status, 400, "{batch:?}");
        // None of them was tried: the right password does not have to wait.
        assert_eq!(site.try_password("ann", PASSWORD), "ann");
    }
);

#[test]
fn a_flood_of_lists_is_refused_before_it_runs() {
    let site = Site::new();
    let list = "repositories(first: 100) { nodes { path sizeBytes } }";
    let aliased = many(500, |n| format!("a{n}: {list} "));
    for (document, reason_given) in [
        (format!("{{ {aliased} }}"), "ALIASES"),
        (
            format!("{{ {} }}", format!("{list} ").repeat(500)),
            "COMPLEXITY",
        ),
        (
            format!(
                "{{ {} }} fragment f on Query {{ {list} }}",
                "...f ".repeat(500)
            ),
            "COMPLEXITY",
        ),
        (
            "{ repositories(first: 100) { nodes { tags(first: 100) { nodes { manifest { \
             referrers(first: 100) { nodes { digest } } } } } } } }"
                .to_owned(),
            "COMPLEXITY",
        ),
        (
            format!(
                "{{ nodes(ids: [{}]) {{ ... on Organization {{ {list} }} }} }}",
                "\"x\" ".repeat(100)
            ),
            "COMPLEXITY",
        ),
        (
            format!("{{ {} }}", "__typename ".repeat(50_000)),
            "COMPLEXITY",
        ),
        (
            format!("query a {{ __typename }} query b {{ {aliased} }}"),
            "ALIASES",
        ),
    ] {
        let refused = site.post(&[], &document);
        assert_eq!(reason(&refused), reason_given, "{document:.100}");
    }
    let hidden = json!({
        "query": "query ($n: Int) { repositories(first: $n) { nodes { tags(first: $n) { nodes { id } } } } }",
        "variables": { "n": 100 },
    });
    let refused = site
        .server
        .ask("POST", "/graphql", &[JSON], &hidden.to_string());
    assert_eq!(reason(&refused), "COMPLEXITY");
}

#[test]
fn no_document_uses_up_the_stack_or_the_processor() {
    let site = Site::new();
    let bomb = "{a".repeat(200_000);
    let chain = |operation: &str| {
        let links = many(8_000, |n| {
            format!("fragment f{n} on Query{{...f{}}}", n + 1)
        });
        format!("{operation} {links} fragment f8000 on Query{{__typename}}")
    };
    let doubled = many(60, |n| {
        format!("fragment f{n} on Query{{...f{m} ...f{m}}}", m = n + 1)
    });
    for document in [
        bomb.clone(),
        format!("{{a(x:{}", "[".repeat(500_000)),
        format!("{{a(x:{}", "{a:".repeat(200_000)),
        format!("query ($a:{}", "[".repeat(500_000)),
        "{...on Query".repeat(50_000),
        // Where the parser sees brackets and a count of them might see a comment or a text.
        format!("{{ # \r {bomb}"),
        format!("{{ a(x: \"\"\" \\\"\"\" \"\"\") {bomb}"),
        format!("{{ a(x: \"\\\\\") {bomb}"),
        chain("{ ...f0 }"),
        chain("{ __typename }"),
        chain("{ ...f7990 }"),
        format!("{{ ...f0 }} {doubled} fragment f60 on Query{{__typename}}"),
        "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }".to_owned(),
        "{ ...a } fragment a on Query { ...a }".to_owned(),
        "{ __typename } fragment a on Query { ...b } fragment b on Query { ...a }".to_owned(),
    ] {
        for answer in [
            site.post(&[], &document),
            // By GET a document is as long as a head may be.
            site.server.ask(
                "GET",
                &format!("/graphql?query={}", escaped(&document, 10_000)),
                &[],
                "",
            ),
        ] {
            let answer = answer.json();
            assert!(answer["data"].is_null(), "{document:.60}: {answer}");
            assert!(answer["errors"][0]["message"].is_string());
        }
        site.lives();
    }
}

/// The beginning of a text, as a query string takes it.
fn escaped(text: &str, length: usize) -> String {
    let bytes = text.as_bytes();
    many(length.min(bytes.len()), |n| format!("%{:02x}", bytes[n]))
}

#[test]
fn bodies_that_are_too_long_or_no_operation_are_refused() {
    let site = Site::new();
    let query = "{ __typename }";
    let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let long = "x".repeat(10 << 20);
    for (body, status) in [
        (
            json!({ "query": query, "variables": { "a": long } }).to_string(),
            413,
        ),
        (
            json!({ "query": format!("{query} # {long}") }).to_string(),
            413,
        ),
        (
            format!("{{\"query\":\"{query}\",\"variables\":{{\"a\":{nested}}}}}"),
            400,
        ),
        (
            format!("{{\"query\":\"{query}\",\"extensions\":{{\"a\":{nested}}}}}"),
            400,
        ),
        (nested, 400),
        (
            format!("{{\"query\":\"{query}\",\"query\":\"mutation {{ signOut {{ success }} }}\"}}"),
            400,
        ),
        (
            format!("{{\"query\":\"{query}\",\"variables\":{{}},\"variables\":{{}}}}"),
            400,
        ),
        (
            json!([{ "query": query }, { "query": query }]).to_string(),
            400,
        ),
        (json!({ "query": [query] }).to_string(), 400),
        (json!({ "query": query, "variables": [1] }).to_string(), 400),
        (json!(query).to_string(), 400),
        ("null".to_owned(), 400),
        (String::new(), 400),
    ] {
        let answer = site.server.ask("POST", "/graphql", &[JSON], &body);
        assert_eq!(answer.status, status, "{body:.100}: {answer:?}");
        assert!(answer.body.len() < 1000, "{body:.100}");
    }
    site.lives();
}

#[test]
fn an_answer_is_not_many_times_as_long_as_its_question() {
    let site = Site::new();
    let unknown: Vec<String> = (0..9_000).map(|n| format!("x{n}")).collect();
    let unknown = unknown.join(" ");
    let operations = many(3, |n| format!("query q{n} {{ {unknown} }} "));
    let answer = site.post(&[], &operations);
    assert!(answer.json()["data"].is_null());
    assert!(answer.body.len() < 50_000, "{}", answer.body.len());
}

/// What explorers ask first, shortened: the schema, each type with its fields and their types.
const EXPLORER: &str = "{ __schema { queryType { name } types { ...T } directives { name args { ...V } } } } \
    fragment T on __Type { kind name fields(includeDeprecated: true) { name args { ...V } type { ...R } } \
    inputFields { ...V } interfaces { ...R } enumValues { name } possibleTypes { ...R } } \
    fragment V on __InputValue { name type { ...R } defaultValue } \
    fragment R on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

#[test]
fn the_schema_is_told_and_not_in_circles() {
    let site = Site::new();
    let told = site.post(&[], EXPLORER).json();
    assert!(told["data"]["__schema"]["types"].as_array().unwrap().len() > 50);
    for (root, circle, times) in [
        (
            "__type(name: \"Node\") {",
            "possibleTypes { interfaces {",
            9,
        ),
        ("__type(name: \"Query\") {", "fields { type { ofType {", 6),
        ("__schema { types {", "fields { type {", 8),
    ] {
        let opened = format!("{{ {root} {} name", circle.repeat(times));
        let document = format!("{opened} {}", "}".repeat(opened.matches('{').count()));
        assert_eq!(
            reason(&site.post(&[], &document)),
            "COMPLEXITY",
            "{document}"
        );
    }
    let aliased = many(30, |n| {
        format!("a{n}: __schema {{ types {{ fields {{ type {{ name }} }} }} }} ")
    });
    let many = site.post(&[], &format!("{{ {aliased} }}"));
    assert!(many.body.len() < 3 << 20, "{}", many.body.len());
}
