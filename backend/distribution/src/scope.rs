//! The grammar of `scope` at the token endpoint.

use berth_domain::{Error, Invalid, Namespace, RepositoryPath, Result};
use berth_services::authn::RequestedScope;

/// More scopes than any client asks for at once; the token would not fit into a header.
const SCOPES_MAX: usize = 100;

/// Reads all `scope` parameters: several may stand in one, separated by spaces. Things that this
/// registry does not know and actions nobody knows are dropped.
///
/// # Errors
/// An invalid value for what is no scope; an invalid repository name.
pub fn parse<'a>(
    parameters: impl Iterator<Item = &'a str>,
    host: &str,
    library: Option<&Namespace>,
) -> Result<Vec<RequestedScope>> {
    let mut scopes = Vec::new();
    for text in parameters
        .flat_map(|parameter| parameter.split(' '))
        .filter(|text| !text.is_empty())
    {
        if scopes.len() == SCOPES_MAX {
            return Err(unparsable(format!(
                "at most {SCOPES_MAX} scopes are granted at once"
            )));
        }
        scopes.extend(one(text, host, library)?);
    }
    Ok(scopes)
}

/// `repository:<name>:<actions>`, where the name may begin with a host and its port; so the kind
/// ends at the first colon and the actions begin after the last.
fn one(text: &str, host: &str, library: Option<&Namespace>) -> Result<Option<RequestedScope>> {
    let refused = || {
        unparsable(format!(
            "`{text}` is no scope; write `repository:namespace/name:pull,push`"
        ))
    };
    let (kind, rest) = text.split_once(':').ok_or_else(refused)?;
    let (name, actions) = rest.rsplit_once(':').ok_or_else(refused)?;
    if kind.is_empty() || name.is_empty() {
        return Err(refused());
    }
    // `repository(plugin)`: the class in parentheses says nothing here.
    let kind = kind.split_once('(').map_or(kind, |(kind, _)| kind);
    let asked = actions.split(',').map(str::trim);
    let scope = match kind {
        "repository" => RequestedScope {
            kind: kind.to_owned(),
            name: full_name(name, host, library)?,
            actions: known(asked, &["pull", "push", "*"]),
        },
        "registry" if name == "catalog" => RequestedScope {
            kind: kind.to_owned(),
            name: name.to_owned(),
            actions: known(asked, &["*"]),
        },
        _ => return Ok(None),
    };
    Ok(Some(scope))
}

/// The name as it was asked for, except that one without a namespace gets the library's.
fn full_name(name: &str, host: &str, library: Option<&Namespace>) -> Result<String> {
    let (prefix, path) = match name
        .strip_prefix(host)
        .and_then(|rest| rest.strip_prefix('/'))
    {
        Some(path) => (&name[..name.len() - path.len()], path),
        None => ("", name),
    };
    let path = RepositoryPath::parse(path, library).map_err(|error| match error {
        Error::Invalid { message, .. } => Error::invalid(Invalid::RepositoryName, message),
        other => other,
    })?;
    Ok(format!("{prefix}{path}"))
}

/// Each known action once. A registry without a right of its own to delete counts it as a push.
fn known<'a>(asked: impl Iterator<Item = &'a str>, known: &[&str]) -> Vec<String> {
    let mut actions: Vec<String> = Vec::new();
    for action in asked.map(|action| if action == "delete" { "push" } else { action }) {
        if known.contains(&action) && !actions.iter().any(|seen| seen == action) {
            actions.push(action.to_owned());
        }
    }
    actions
}

fn unparsable(message: String) -> Error {
    Error::invalid_value(message).in_field("scope")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(parameters: &[&str]) -> Result<Vec<String>> {
        let library: Namespace = "library".parse().unwrap();
        let scopes = parse(
            parameters.iter().copied(),
            "reg.example:5000",
            Some(&library),
        )?;
        Ok(scopes
            .into_iter()
            .map(|scope| format!("{}|{}|{}", scope.kind, scope.name, scope.actions.join(",")))
            .collect())
    }

    #[test]
    fn scopes_repeat_and_share_a_parameter() {
        let read = read(&[
            "repository:acme/app:pull,push repository:acme/b/c:pull",
            "registry:catalog:*",
            "",
        ]);
        assert_eq!(
            read.unwrap(),
            [
                "repository|acme/app|pull,push",
                "repository|acme/b/c|pull",
                "registry|catalog|*"
            ]
        );
    }

    #[test]
    fn our_host_may_stand_in_front_of_a_name_and_is_echoed() {
        assert_eq!(
            read(&["repository:reg.example:5000/acme/app:pull"]).unwrap(),
            ["repository|reg.example:5000/acme/app|pull"]
        );
        assert!(read(&["repository:other.example:5000/acme/app:pull"]).is_err());
    }

    #[test]
    fn a_name_without_a_namespace_is_of_the_library() {
        assert_eq!(
            read(&["repository:busybox:pull"]).unwrap(),
            ["repository|library/busybox|pull"]
        );
        assert_eq!(
            read(&["repository:reg.example:5000/busybox:pull"]).unwrap(),
            ["repository|reg.example:5000/library/busybox|pull"]
        );
    }

    #[test]
    fn what_is_unknown_is_dropped() {
        assert_eq!(
            read(&[
                "repository(plugin):acme/app:pull,fly,delete,push,",
                "user:ann:read",
                "registry:x:*"
            ])
            .unwrap(),
            ["repository|acme/app|pull,push"]
        );
        assert_eq!(
            read(&["repository:acme/app:"]).unwrap(),
            ["repository|acme/app|"]
        );
    }

    #[test]
    fn what_is_no_scope_is_an_invalid_request() {
        for text in [
            "repository",
            "repository:acme/app",
            ":a/b:pull",
            "repository::pull",
        ] {
            assert_eq!(read(&[text]).unwrap_err().code(), "INVALID_INPUT", "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_an_invalid_name() {
        let long = format!("repository:acme/{}:pull", "a".repeat(256));
        for text in [
            long.as_str(),
            "repository:Acme/App:pull",
            "repository:acme/:pull",
        ] {
            assert_eq!(
                read(&[text]).unwrap_err().code(),
                "REPOSITORY_NAME_INVALID",
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(text: String) {
            let _ = read(&[&text]);
        }

        #[test]
        fn a_granted_name_can_be_found_again(name in "[a-z]{2,5}(/[a-z0-9]{1,5}){1,3}", host in prop::bool::ANY) {
            let prefix = if host { "reg.example:5000/" } else { "" };
            let scope = format!("repository:{prefix}{name}:pull");
            prop_assert_eq!(read(&[&scope]).unwrap(), [format!("repository|{prefix}{name}|pull")]);
        }
    }
}
