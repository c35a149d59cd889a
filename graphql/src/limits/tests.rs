use super::*;

fn measure(document: &str, variables: serde_json::Value) -> ServerResult<()> {
    let document = async_graphql::parser::parse_query(document).unwrap();
    check(&document, &Variables::from_json(variables))
}

fn reason(result: ServerResult<()>) -> Option<String> {
    let extensions = result.err()?.extensions?;
    assert_eq!(extensions.get("code"), Some(&Value::from("TOO_COMPLEX")));
    Some(
        extensions
            .get("reason")?
            .clone()
            .into_json()
            .ok()?
            .as_str()?
            .to_owned(),
    )
}

#[test]
fn a_page_of_a_hundred_rows_with_their_fields_passes() {
    let query = "{ repositories(first: 100) { nodes { id name path description visibility } } }";
    assert_eq!(reason(measure(query, serde_json::json!({}))), None);
}

#[test]
fn the_largest_pages_of_a_console_pass_with_room() {
    let tags = "{ repository(namespace: \"a\", name: \"b\") { tags(first: 100) { totalCount \
         pageInfo { hasNextPage endCursor } nodes { id name startedAt expiresAt manifest { digest contentBytes \
         artifactType ... on ImageManifest { platform { os label } } \
         ... on ImageIndex { children { platform { os label } } } } } } } }";
    let detail = "{ repository(namespace: \"a\", name: \"b\") { tag(name: \"c\") { manifest { digest raw \
         referrers(first: 100) { nodes { digest artifactType createdAt } } ... on ImageIndex { children { digest \
         manifest { digest ... on ImageManifest { config { command labels { key value } history { createdBy } } \
         layers { digest sizeBytes createdBy } } } } } } } } }";
    for query in [tags, detail] {
        assert_eq!(reason(measure(query, serde_json::json!({}))), None);
    }
}

#[test]
fn a_page_below_a_page_is_refused_also_when_variables_hide_its_length() {
    let query = "query ($n: Int) { repositories(first: $n) { nodes { tags(first: $n) { nodes { name } } } } }";
    let refused = measure(query, serde_json::json!({ "n": 100 }));
    assert_eq!(reason(refused).as_deref(), Some("COMPLEXITY"));
}

#[test]
fn a_look_up_that_is_not_batched_has_its_price() {
    let below = |parent: &str| {
        let query = format!(
            "query ($c: String!) {{ {parent} {{ ... on Organization {{ application(clientId: $c) {{ name \
             tokens(first: 100) {{ nodes {{ uuid username createdAt expiresAt scopes {{ name title }} }} }} }} }} }} }}"
        );
        reason(measure(&query, serde_json::json!({ "c": "x" })))
    };
    assert_eq!(below("namespace(name: \"acme\")"), None);
    let organizations = below("nodes(ids: [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\"])");
    assert_eq!(organizations.as_deref(), Some("COMPLEXITY"));
    // A field of the same name that comes with its row costs nothing more.
    let query = "{ viewer { authorizations(first: 100) { nodes { uuid application { name } } } } }";
    assert_eq!(reason(measure(query, serde_json::json!({}))), None);
}

#[test]
fn fragments_that_unfold_to_millions_are_refused_by_arithmetic() {
    let mut query = String::from("{ ...f0 } fragment f40 on Query { registry { title } }");
    for n in 0..40 {
        use std::fmt::Write;
        let _ = write!(
            query,
            " fragment f{n} on Query {{ ...f{m} ...f{m} }}",
            m = n + 1
        );
    }
    assert_eq!(
        reason(measure(&query, serde_json::json!({}))).as_deref(),
        Some("COMPLEXITY")
    );
}

#[test]
fn a_chain_of_fragments_has_an_end_and_begins_in_an_operation() {
    let chain = |operation: &str, length: usize| {
        let links: Vec<String> = (0..length)
            .map(|n| format!("fragment f{n} on Query {{ ...f{} }}", n + 1))
            .collect();
        let end = format!("fragment f{length} on Query {{ registry {{ title }} }}");
        format!("{operation} {} {end}", links.join(" "))
    };
    assert!(measure(&chain("{ ...f0 }", 50), serde_json::json!({})).is_ok());
    let long = measure(&chain("{ ...f0 }", 10_000), serde_json::json!({}));
    assert_eq!(reason(long).as_deref(), Some("DEPTH"));
    let unused = measure(
        &chain("{ registry { title } }", 10_000),
        serde_json::json!({}),
    );
    let said = unused.unwrap_err().message;
    assert!(said.ends_with("is spread nowhere"), "{said}");
}

#[test]
fn the_schema_is_told_once_and_not_in_circles() {
    for root in ["__type(name: \"Node\") { ", "__schema { types { "] {
        for circle in [
            "fields { type { ",
            "fields { type { ofType { ",
            "possibleTypes { interfaces { ",
        ] {
            let deep = |text: &str| text.matches('{').count();
            let times = (DEPTH_MAX - deep(root) - 1) / deep(circle);
            let opened = format!("{{ {root}{}name", circle.repeat(times));
            let query = format!("{opened}{}", " }".repeat(deep(&opened)));
            let refused = measure(&query, serde_json::json!({}));
            assert_eq!(reason(refused).as_deref(), Some("COMPLEXITY"), "{query}");
        }
    }
}

#[test]
fn an_operation_tries_one_password() {
    let field = "signIn(input: { username: \"a\", password: \"b\" }) { viewer { scopes } }";
    let once = format!("mutation {{ {field} }}");
    assert_eq!(reason(measure(&once, serde_json::json!({}))), None);
    for twice in [
        format!("mutation {{ {field} {field} }}"),
        format!("mutation {{ a: {field} b: {field} }}"),
        format!("mutation {{ {field} ...f }} fragment f on Mutation {{ {field} }}"),
    ] {
        let refused = measure(&twice, serde_json::json!({}));
        assert_eq!(reason(refused).as_deref(), Some("COMPLEXITY"), "{twice}");
    }
}

#[test]
fn a_fragment_that_spreads_itself_is_left_to_validation() {
    let query = "{ ...a } fragment a on Query { ...a }";
    assert_eq!(reason(measure(query, serde_json::json!({}))), None);
}

#[test]
fn depth_and_aliases_are_bounded() {
    let deep = format!(
        "{}title{}",
        "{ registry ".to_owned() + &"{ a ".repeat(20),
        " }".repeat(21)
    );
    assert_eq!(
        reason(measure(
            &deep.replace("title", "{ title }"),
            serde_json::json!({})
        ))
        .as_deref(),
        Some("DEPTH")
    );
    let aliases: Vec<String> = (0..31)
        .map(|n| format!("a{n}: registry {{ title }}"))
        .collect();
    let aliased = format!("{{ {} }}", aliases.join(" "));
    assert_eq!(
        reason(measure(&aliased, serde_json::json!({}))).as_deref(),
        Some("ALIASES")
    );
}

#[test]
fn the_character_nul_is_refused_wherever_it_stands() {
    let nothing = serde_json::json!({});
    for (query, variables, is_refused) in [
        (r#"{ node(id: "a") { id } }"#, nothing.clone(), false),
        (r#"{ node(id: "\u0000") { id } }"#, nothing.clone(), true),
        (r#"{ node(id: "\\u0000") { id } }"#, nothing.clone(), false),
        (r#"{ node(id: "\\\u0000") { id } }"#, nothing.clone(), true),
        ("{ node(id: \"\0\") { id } }", nothing, true),
        ("{ a }", serde_json::json!({ "a": "b" }), false),
        ("{ a }", serde_json::json!({ "a": [{ "b": "\0" }] }), true),
    ] {
        let refused = check_texts(query, &Variables::from_json(variables));
        let code = refused.err().and_then(|error| error.extensions);
        let code = code.map(|extensions| extensions.get("code").cloned());
        let expected = is_refused.then(|| Some(Value::from("INVALID_INPUT")));
        assert_eq!(code, expected, "{query}");
    }
}
