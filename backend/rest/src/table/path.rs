//! Templates of paths, such as `/repository/{repository}/tag/{tag}`, and what fits them.
//!
//! A repository's name goes over several segments, or is one segment with an escaped `/` in it. A final slash
//! means nothing: many clients do not send a body again after a redirect from one form to the other.

use percent_encoding::percent_decode_str;

use crate::call::PathParameter;

/// A template.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Segment>);

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Word(&'static str),
    /// One segment of any text.
    Parameter(&'static str),
    /// `namespace/name`, and names may be nested.
    Repository,
}

impl Template {
    pub(super) fn new(text: &'static str) -> Self {
        let segments = text.trim_matches('/').split('/').map(|segment| {
            match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
                Some("repository") => Segment::Repository,
                Some(name) => Segment::Parameter(name),
                None => Segment::Word(segment),
            }
        });
        Self(segments.collect())
    }

    /// How many words of its own it has.
    pub(super) fn words(&self) -> usize {
        let is_word = |segment: &&Segment| matches!(segment, Segment::Word(_));
        self.0.iter().filter(is_word).count()
    }

    /// The parameters that make it these segments.
    pub(super) fn matches(&self, segments: &[String]) -> Option<Vec<PathParameter>> {
        let mut rest = segments;
        let mut parameters = Vec::new();
        for (position, segment) in self.0.iter().enumerate() {
            let (first, others) = rest.split_first()?;
            rest = others;
            match segment {
                Segment::Word(word) if first == word => {}
                Segment::Word(_) => return None,
                Segment::Parameter(name) => parameters.push((*name, non_empty(first)?)),
                Segment::Repository if first.contains('/') => {
                    parameters.push(("repository", first.clone()));
                }
                Segment::Repository => {
                    let behind = self.0.len() - position - 1;
                    let more = others.len().checked_sub(behind).filter(|more| *more > 0)?;
                    let (name, tail) = others.split_at(more);
                    let mut path = non_empty(first)?;
                    for part in name {
                        path.push('/');
                        path.push_str(part);
                    }
                    parameters.push(("repository", path));
                    rest = tail;
                }
            }
        }
        rest.is_empty().then_some(parameters)
    }
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The segments of a path below the prefix, each decoded once. `None` for what is no UTF-8, and for the character
/// NUL: it is in no name, and not every database takes it in a question.
pub(crate) fn decoded(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/')
        .map(|segment| {
            let text = percent_decode_str(segment).decode_utf8().ok()?;
            (!text.contains('\0')).then(|| text.into_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(template: &'static str, path: &str) -> Option<String> {
        let parameters = Template::new(template).matches(&decoded(path)?)?;
        let shown: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Some(shown.join(" "))
    }

    #[test]
    fn both_forms_of_a_path_mean_the_same() {
        for path in ["/organization", "/organization/"] {
            for template in ["/organization", "/organization/"] {
                assert_eq!(fits(template, path).as_deref(), Some(""));
            }
        }
        assert_eq!(fits("/organization", "/organization//"), None);
        assert_eq!(fits("/organization/{orgname}", "/organization/"), None);
    }

    #[test]
    fn escaped_signs_are_decoded_once() {
        let template = "/organization/{orgname}/robots/{robot_shortname}";
        assert_eq!(
            fits(template, "/organization/acme/robots/a%2Bb").as_deref(),
            Some("orgname=acme robot_shortname=a+b")
        );
        assert_eq!(
            fits("/users/{username}", "/users/a%40b%3Ac").as_deref(),
            Some("username=a@b:c")
        );
        assert_eq!(
            fits("/users/{username}", "/users/a%252Fb").as_deref(),
            Some("username=a%2Fb")
        );
        assert_eq!(fits("/users/{username}", "/users/%FF"), None);
        assert_eq!(fits("/users/{username}", "/users/a%00b"), None);
    }

    #[test]
    fn a_repository_is_several_segments_or_one_with_an_escaped_slash() {
        let template = "/repository/{repository}/tag/{tag}";
        for (path, parameters) in [
            ("/repository/ns/app/tag/1", Some("repository=ns/app tag=1")),
            (
                "/repository/ns%2Fapp/tag/1",
                Some("repository=ns/app tag=1"),
            ),
            (
                "/repository/ns/a/tag/tag/1/",
                Some("repository=ns/a/tag tag=1"),
            ),
            (
                "/repository/ns%2fa%2Fb/tag/1",
                Some("repository=ns/a/b tag=1"),
            ),
            ("/repository/ns/tag/1", None),
            ("/repository/ns/app/tag", None),
            ("/repository/ns%2Fapp/x/tag/1", None),
        ] {
            assert_eq!(fits(template, path).as_deref(), parameters, "{path}");
        }
        assert_eq!(
            fits("/repository/{repository}", "/repository/ns/build").as_deref(),
            Some("repository=ns/build")
        );
        assert_eq!(fits("/repository/{repository}", "/repository/ns"), None);
    }
}
