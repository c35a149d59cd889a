//! Paths below `/v2/`, read from the right: what a repository is called is whatever is left.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// What a path is about. Names are as the client wrote them, decoded and not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// `/v2/`
    Base,
    /// `/v2/_catalog`
    Catalog,
    /// `/v2/<name>/blobs/<digest>`
    Blob { name: &'a str, digest: &'a str },
    /// `/v2/<name>/blobs/uploads/`
    Uploads { name: &'a str },
    /// `/v2/<name>/blobs/uploads/<id>`
    Upload { name: &'a str, id: &'a str },
    /// `/v2/<name>/manifests/<reference>`
    Manifest { name: &'a str, reference: &'a str },
    /// `/v2/<name>/tags/list`
    Tags { name: &'a str },
    /// `/v2/<name>/referrers/<digest>`
    Referrers { name: &'a str, digest: &'a str },
}

/// Takes the part of a URL's path behind `/v2` and undoes its percent escapes. `None` where they
/// hide something that is no text.
pub(crate) fn decode(path: &str) -> Option<Cow<'_, str>> {
    let rest = path.strip_prefix("/v2")?;
    percent_decode_str(rest).decode_utf8().ok()
}

impl<'a> Route<'a> {
    /// Parses what [`decode`] left: nothing, or a slash and more.
    pub(crate) fn parse(decoded: &'a str) -> Option<Self> {
        if decoded.is_empty() || decoded == "/" {
            return Some(Self::Base);
        }
        let path = decoded.strip_prefix('/')?;
        if path == "_catalog" {
            return Some(Self::Catalog);
        }
        // With and without the slash at the end; only one of them can be meant, since no digest is
        // called `uploads`.
        for start in ["/blobs/uploads/", "/blobs/uploads"] {
            if let Some(name) = path.strip_suffix(start) {
                return named(name, Self::Uploads { name });
            }
        }
        if let Some(name) = path.strip_suffix("/tags/list") {
            return named(name, Self::Tags { name });
        }
        let (rest, last) = path.rsplit_once('/')?;
        if last.is_empty() {
            return None;
        }
        if let Some(name) = rest.strip_suffix("/blobs/uploads") {
            return named(name, Self::Upload { name, id: last });
        }
        let (name, kind) = rest.rsplit_once('/')?;
        let route = match kind {
            "blobs" => Self::Blob { name, digest: last },
            "manifests" => Self::Manifest {
                name,
                reference: last,
            },
            "referrers" => Self::Referrers { name, digest: last },
            _ => return None,
        };
        named(name, route)
    }

    /// The repository, where there is one.
    pub(crate) const fn name(&self) -> Option<&'a str> {
        match *self {
            Self::Base | Self::Catalog => None,
            Self::Blob { name, .. }
            | Self::Uploads { name }
            | Self::Upload { name, .. }
            | Self::Manifest { name, .. }
            | Self::Tags { name }
            | Self::Referrers { name, .. } => Some(name),
        }
    }

    /// The pattern, for measurements.
    pub(crate) const fn pattern(&self) -> &'static str {
        match self {
            Self::Base => "/v2/",
            Self::Catalog => "/v2/_catalog",
            Self::Blob { .. } => "/v2/{name}/blobs/{digest}",
            Self::Uploads { .. } => "/v2/{name}/blobs/uploads/",
            Self::Upload { .. } => "/v2/{name}/blobs/uploads/{id}",
            Self::Manifest { .. } => "/v2/{name}/manifests/{reference}",
            Self::Tags { .. } => "/v2/{name}/tags/list",
            Self::Referrers { .. } => "/v2/{name}/referrers/{digest}",
        }
    }

    /// The verbs that are offered, as `Allow` says them.
    pub(crate) const fn verbs(&self) -> &'static str {
        match self {
            Self::Base | Self::Catalog | Self::Tags { .. } | Self::Referrers { .. } => "GET, HEAD",
            Self::Blob { .. } => "GET, HEAD, DELETE",
            Self::Uploads { .. } => "POST",
            Self::Upload { .. } => "GET, PATCH, PUT, DELETE",
            Self::Manifest { .. } => "GET, HEAD, PUT, DELETE",
        }
    }
}

fn named<'a>(name: &str, route: Route<'a>) -> Option<Route<'a>> {
    (!name.is_empty()).then_some(route)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(path: &str) -> Option<Route<'_>> {
        Route::parse(path.strip_prefix("/v2").unwrap())
    }

    #[test]
    fn the_base_answers_with_and_without_a_slash() {
        assert_eq!(parse("/v2"), Some(Route::Base));
        assert_eq!(parse("/v2/"), Some(Route::Base));
        assert_eq!(parse("/v2/_catalog"), Some(Route::Catalog));
    }

    #[test]
    fn words_of_the_protocol_are_ordinary_names() {
        let cases = [
            (
                "/v2/acme/build/manifests/1",
                Route::Manifest {
                    name: "acme/build",
                    reference: "1",
                },
            ),
            (
                "/v2/acme/trigger/tags/list",
                Route::Tags {
                    name: "acme/trigger",
                },
            ),
            (
                "/v2/acme/tag/manifests/list",
                Route::Manifest {
                    name: "acme/tag",
                    reference: "list",
                },
            ),
            (
                "/v2/acme/blobs/blobs/uploads/",
                Route::Uploads { name: "acme/blobs" },
            ),
            (
                "/v2/acme/blobs/blobs/uploads",
                Route::Uploads { name: "acme/blobs" },
            ),
            (
                "/v2/acme/blobs/blobs/d",
                Route::Blob {
                    name: "acme/blobs",
                    digest: "d",
                },
            ),
            (
                "/v2/acme/manifests/tags/manifests/tags",
                Route::Manifest {
                    name: "acme/manifests/tags",
                    reference: "tags",
                },
            ),
            (
                "/v2/acme/manifests/tags/tags/list",
                Route::Tags {
                    name: "acme/manifests/tags",
                },
            ),
            (
                "/v2/a/blobs/uploads/blobs/blobs/uploads/x",
                Route::Upload {
                    name: "a/blobs/uploads/blobs",
                    id: "x",
                },
            ),
            (
                "/v2/a/blobs/uploads/blobs/uploads/x",
                Route::Upload {
                    name: "a/blobs/uploads",
                    id: "x",
                },
            ),
            (
                "/v2/auth/referrers/referrers/d",
                Route::Referrers {
                    name: "auth/referrers",
                    digest: "d",
                },
            ),
            (
                "/v2/busybox/manifests/latest",
                Route::Manifest {
                    name: "busybox",
                    reference: "latest",
                },
            ),
        ];
        for (path, route) in cases {
            assert_eq!(parse(path), Some(route), "{path}");
        }
    }

    #[test]
    fn what_is_no_route_is_none() {
        for path in [
            "/v2/acme",
            "/v2/acme/app",
            "/v2/acme/app/manifests/",
            "/v2/acme/app/manifests",
            "/v2/manifests/x",
            "/v2/blobs/uploads/",
            "/v2/tags/list",
            "/v2//manifests/x",
            "/v2/_catalog/",
            "/v2x/",
        ] {
            assert_eq!(parse(path), None, "{path}");
        }
    }

    #[test]
    fn escapes_are_undone_before_the_path_is_read() {
        let decoded = decode("/v2/acme%2Fapp/manifests/sha256%3Aabc").unwrap();
        assert_eq!(
            Route::parse(&decoded),
            Some(Route::Manifest {
                name: "acme/app",
                reference: "sha256:abc"
            })
        );
        assert_eq!(decode("/v2/%ff/x"), None);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(path: String) {
            let _ = decode(&path);
            let _ = Route::parse(&path);
        }

        #[test]
        fn a_name_of_protocol_words_comes_out_as_it_went_in(
            name in "(blobs|uploads|manifests|tags|list|referrers|a)(/(blobs|uploads|manifests|tags|list|referrers|a)){0,5}",
            last in "[a-z0-9:._-]{1,20}",
        ) {
            for (path, route) in [
                (format!("/{name}/manifests/{last}"), Route::Manifest { name: &name, reference: &last }),
                (format!("/{name}/referrers/{last}"), Route::Referrers { name: &name, digest: &last }),
                (format!("/{name}/blobs/uploads/{last}"), Route::Upload { name: &name, id: &last }),
                (format!("/{name}/blobs/uploads/"), Route::Uploads { name: &name }),
                (format!("/{name}/tags/list"), Route::Tags { name: &name }),
            ] {
                prop_assert_eq!(Route::parse(&path), Some(route), "{}", path);
            }
            // A digest holds a colon, which tells it from `uploads`.
            let digest = format!("sha256:{last}");
            let path = format!("/{name}/blobs/{digest}");
            prop_assert_eq!(Route::parse(&path), Some(Route::Blob { name: &name, digest: &digest }));
        }
    }
}
