//! Names of things: namespaces, repositories, tags, robots, e-mail addresses.

use std::fmt;
use std::str::FromStr;

use crate::quote::shorten;
use crate::sql::text_value;
use crate::{Digest, Error, Invalid, Result};

text_value! {
    /// Name of a user or an organization: groups of `[a-z0-9]` joined by one of `.`, `_`, `-`; 2 to 255 characters.
    Namespace
}

text_value! {
    /// Name of a team inside its organization, of the same shape as a namespace.
    TeamName
}

text_value! {
    /// Name of a repository inside its namespace. Components are separated by `/`, each
    /// `[a-z0-9][a-z0-9._-]*`; 255 characters in all. No word is reserved (R5).
    RepositoryName
}

text_value! {
    /// Name of a tag: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}` (OCI distribution-spec, pull).
    TagName
}

text_value! {
    /// An e-mail address, checked only as far as a typing mistake shows: one `@` with a dotted or local host.
    Email
}

/// True when `text` is groups of `[a-z0-9]+` joined by single separators.
fn is_account_name(text: &str) -> bool {
    let mut group_len = 0;
    for b in text.bytes() {
        match b {
            b'a'..=b'z' | b'0'..=b'9' => group_len += 1,
            b'.' | b'_' | b'-' if group_len > 0 => group_len = 0,
            _ => return false,
        }
    }
    group_len > 0
}

/// Refusals tell the length of a `measured`, and the shape always of a namespace: scripts know both sentences.
fn check_account_name(what: &str, measured: &str, text: &str) -> Result<()> {
    if !(2..=255).contains(&text.len()) {
        return Err(Error::invalid_value(format!(
            "Invalid {what} {}: {measured} must be between 2 and 255 characters in length",
            shorten(text)
        )));
    }
    if !is_account_name(text) {
        return Err(Error::invalid_value(format!(
            "Invalid {what} {}: Namespace must match expression ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$",
            shorten(text)
        )));
    }
    Ok(())
}

impl FromStr for Namespace {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        check_account_name("namespace", "Namespace", text)?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for TeamName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        check_account_name("team name", "Team", text)?;
        Ok(Self(text.to_owned()))
    }
}

fn is_repository_component(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && bytes.all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-')
        })
}

impl RepositoryName {
    /// Longest name, slashes included.
    pub const LEN_MAX: usize = 255;

    /// True when the name has more than one component.
    pub fn is_nested(&self) -> bool {
        self.0.contains('/')
    }
}

impl FromStr for RepositoryName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.len() > Self::LEN_MAX {
            return Err(Error::invalid(
                Invalid::RepositoryName,
                format!("a repository name has at most {} characters", Self::LEN_MAX),
            ));
        }
        if !text.split('/').all(is_repository_component) {
            return Err(Error::invalid(
                Invalid::RepositoryName,
                format!(
                    "`{}` is not a repository name; use lower-case letters, digits, `.`, `_`, `-`, with `/` between components",
                    shorten(text)
                ),
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TagName {
    /// Whether a name may hold this byte, at its beginning or behind it.
    pub const fn allows(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
    }
}

impl FromStr for TagName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut bytes = text.bytes();
        let starts = bytes
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
        let goes_on = bytes.all(Self::allows);
        if !starts || !goes_on || text.len() > 128 {
            return Err(Error::invalid(
                Invalid::TagName,
                format!(
                    "`{}` is not a tag; use up to 128 letters, digits, `_`, `.`, `-`, not starting with `.` or `-`",
                    shorten(text)
                ),
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for Email {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let valid = text.len() <= 254
            && !text.chars().any(|c| c.is_whitespace() || c.is_control())
            && text.split_once('@').is_some_and(|(local, host)| {
                !local.is_empty() && !host.is_empty() && !host.contains('@')
            });
        if !valid {
            return Err(Error::invalid_value(format!(
                "Invalid email address: {}",
                shorten(text)
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

/// `namespace/name`: a repository as clients write it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryPath {
    /// Who owns it.
    pub namespace: Namespace,
    /// Its name there.
    pub name: RepositoryName,
}

impl RepositoryPath {
    /// Joins the two parts.
    pub const fn new(namespace: Namespace, name: RepositoryName) -> Self {
        Self { namespace, name }
    }

    /// Parses a path; one without a slash is taken from `library`, when there is such a namespace.
    pub fn parse(text: &str, library: Option<&Namespace>) -> Result<Self> {
        let named = |e: Error| match e {
            Error::Invalid { field, message, .. } => Error::Invalid {
                kind: Invalid::RepositoryName,
                field,
                message,
            },
            other => other,
        };
        match (text.split_once('/'), library) {
            (Some((namespace, name)), _) => Ok(Self {
                namespace: namespace.parse().map_err(named)?,
                name: name.parse()?,
            }),
            (None, Some(library)) => Ok(Self {
                namespace: library.clone(),
                name: text.parse()?,
            }),
            (None, None) => Err(Error::invalid(
                Invalid::RepositoryName,
                format!(
                    "`{}` has no namespace; write `namespace/repository`",
                    shorten(text)
                ),
            )),
        }
    }
}

impl FromStr for RepositoryPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text, None)
    }
}

impl fmt::Display for RepositoryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// `namespace+short`: a robot as it logs in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RobotName {
    /// Who owns it.
    pub namespace: Namespace,
    /// Its name there, of the same shape as a namespace.
    pub short: String,
}

impl RobotName {
    /// Joins the two parts, checking the short name.
    pub fn new(namespace: Namespace, short: &str) -> Result<Self> {
        check_account_name("robot name", "Namespace", short)?;
        Ok(Self {
            namespace,
            short: short.to_owned(),
        })
    }
}

impl FromStr for RobotName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (namespace, short) = text.split_once('+').ok_or_else(|| {
            Error::invalid_value(format!(
                "`{}` is not a robot name; write `namespace+name`",
                shorten(text)
            ))
        })?;
        Self::new(namespace.parse()?, short)
    }
}

impl fmt::Display for RobotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.namespace, self.short)
    }
}

/// A manifest as a client names it: by tag or by digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// What the tag points to now.
    Tag(TagName),
    /// These bytes.
    Digest(Digest),
}

impl FromStr for Reference {
    type Err = Error;

    /// A colon makes it a digest, since no tag can hold one.
    fn from_str(text: &str) -> Result<Self> {
        if text.contains(':') {
            text.parse().map(Self::Digest)
        } else {
            text.parse().map(Self::Tag)
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: FromStr>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(text.parse::<T>().is_ok(), "{text:?} was refused");
        }
        for text in bad {
            assert!(text.parse::<T>().is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn namespaces_are_joined_groups_of_two_to_255_characters() {
        let long = "a".repeat(256);
        check::<Namespace>(
            &["ab", "a1", "acme-corp", "a.b_c-d", &long[..255]],
            &[
                "", "a", "Acme", "-a", "a-", "a--b", "a b", "ä1", "a/b", "a+b", &long,
            ],
        );
    }

    #[test]
    fn teams_are_named_as_namespaces_are_and_refused_in_their_own_words() {
        check::<TeamName>(
            &["qa", "release-managers"],
            &["", "a", "QA", "a--b", "a/b", "a+b"],
        );
        for (text, says) in [
            (
                "a",
                "Invalid team name a: Team must be between 2 and 255 characters in length",
            ),
            (
                "QA",
                "Invalid team name QA: Namespace must match expression ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$",
            ),
        ] {
            assert_eq!(text.parse::<TeamName>().unwrap_err().to_string(), says);
        }
    }

    #[test]
    fn repository_names_have_any_depth_and_no_reserved_words() {
        let long = "a".repeat(256);
        check::<RepositoryName>(
            &[
                "a",
                "build",
                "trigger",
                "tag",
                "blobs",
                "manifests/tags",
                "a/b/c",
                "a-",
                "a__b",
                &long[..255],
            ],
            &[
                "", "/", "a/", "/a", "a//b", "A", "-a", "a b", "é", "..", "a/..", &long,
            ],
        );
    }

    #[test]
    fn tags_are_ascii_words_of_up_to_128() {
        let long = "a".repeat(129);
        check::<TagName>(
            &["1.4", "_", "A-b.c_d", &long[..128]],
            &["", ".a", "-a", "a:b", "a/b", "ü", &long],
        );
    }

    #[test]
    fn a_path_without_namespace_needs_the_library() {
        let library: Namespace = "library".parse().unwrap();
        assert_eq!(
            RepositoryPath::parse("busybox", Some(&library))
                .unwrap()
                .to_string(),
            "library/busybox"
        );
        assert!(RepositoryPath::parse("busybox", None).is_err());
        assert_eq!(
            RepositoryPath::parse("a1/b/c", None).unwrap().name.as_str(),
            "b/c"
        );
    }

    #[test]
    fn a_reference_with_a_colon_is_a_digest() {
        assert!(matches!("1.4".parse(), Ok(Reference::Tag(_))));
        assert!(matches!(
            Digest::of(b"x").as_str().parse(),
            Ok(Reference::Digest(_))
        ));
        assert!("sha256:zz".parse::<Reference>().is_err());
    }

    #[test]
    fn robots_are_written_with_a_plus() {
        assert_eq!(
            "acme+ci".parse::<RobotName>().unwrap().to_string(),
            "acme+ci"
        );
        check::<RobotName>(
            &["acme+ci-2"],
            &["acme", "acme+", "+ci", "acme+Ci", "acme+a+b"],
        );
    }

    proptest::proptest! {
        #[test]
        fn no_parser_panics_and_what_parses_prints_itself(text in "[a-z0-9./_+:@-]{0,40}") {
            if let Ok(v) = text.parse::<RepositoryPath>() { proptest::prop_assert_eq!(v.to_string(), text.clone()); }
            if let Ok(v) = text.parse::<RobotName>() { proptest::prop_assert_eq!(v.to_string(), text.clone()); }
            if let Ok(v) = text.parse::<Reference>() { proptest::prop_assert_eq!(v.to_string(), text.clone()); }
            if let Ok(v) = text.parse::<Email>() { proptest::prop_assert_eq!(v.to_string(), text); }
        }
    }
}
