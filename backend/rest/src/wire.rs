//! Values as the API writes them: instants and pictures.

use berth_domain::{Scope, Scopes, Timestamp};
use serde::Serialize;

use crate::schema::{Schema, text};

/// Colors of pictures.
const PALETTE: [&str; 32] = [
    "#969696", "#aec7e8", "#ff7f0e", "#ffbb78", "#2ca02c", "#98df8a", "#d62728", "#ff9896",
    "#9467bd", "#c5b0d5", "#8c564b", "#c49c94", "#e377c2", "#f7b6d2", "#7f7f7f", "#c7c7c7",
    "#bcbd22", "#1f77b4", "#17becf", "#9edae5", "#393b79", "#5254a3", "#6b6ecf", "#9c9ede",
    "#9ecae1", "#31a354", "#b5cf6b", "#a1d99b", "#8c6d31", "#ad494a", "#e7ba52", "#a55194",
];

/// A scope in the words that a user reads who is asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ScopeInformation {
    scope: &'static str,
    title: &'static str,
    description: &'static str,
    icon: &'static str,
    dangerous: bool,
}

/// Scopes in words.
pub(crate) fn scope_information(scopes: &Scopes) -> Vec<ScopeInformation> {
    let icon = |scope| match scope {
        Scope::RepoRead | Scope::RepoWrite => "fa-hdd-o",
        Scope::RepoAdmin | Scope::OrgAdmin => "fa-gear",
        Scope::RepoCreate => "fa-plus",
        Scope::UserRead | Scope::UserAdmin => "fa-user",
        Scope::SuperUser => "fa-street-view",
    };
    let scopes = scopes.iter();
    scopes
        .map(|scope| ScopeInformation {
            scope: scope.as_str(),
            title: scope.title(),
            description: scope.description(),
            icon: icon(scope),
            dangerous: scope.is_dangerous(),
        })
        .collect()
}

/// An instant as most of the API writes it: `Tue, 17 Sep 2024 18:25:15 -0000`.
pub(crate) fn rfc_822(instant: Timestamp) -> String {
    let seconds = instant.as_seconds();
    let at = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%a, %d %b %Y %H:%M:%S -0000").to_string()
}

/// An instant as keys of services write it: `Tue, 17 Sep 2024 18:25:15 GMT`.
pub(crate) fn gmt(instant: Timestamp) -> String {
    rfc_822(instant).replace("-0000", "GMT")
}

/// An instant as the newest parts of the API write it: `2024-09-17T18:25:15Z`.
pub(crate) fn iso_8601(instant: Timestamp) -> String {
    let seconds = instant.as_seconds();
    let at = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A picture that clients draw by themselves, from letters and a color.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Avatar {
    name: String,
    hash: String,
    color: &'static str,
    kind: &'static str,
}

impl Avatar {
    pub(crate) fn schema() -> Schema {
        Schema::new("Avatar")
            .required("name", text("Whose picture it is"))
            .required(
                "hash",
                text("A hash of the e-mail address, of what nobody knows, or of a team's name"),
            )
            .required("color", text("The color to draw it in, as #rrggbb"))
            .required("kind", text("user, org, robot, team or app"))
    }

    /// Of a user. The hash is that of its e-mail address, or of what nobody knows where it has none.
    pub(crate) fn user(name: &(impl ToString + ?Sized), hash: &str) -> Self {
        Self::new(name, hash, "user")
    }

    /// Of an organization.
    pub(crate) fn organization(name: &(impl ToString + ?Sized), hash: &str) -> Self {
        Self::new(name, hash, "org")
    }

    /// Of a robot.
    pub(crate) fn robot(name: &(impl ToString + ?Sized), hash: &str) -> Self {
        Self::new(name, hash, "robot")
    }

    /// Of a team. The hash is that of its name.
    pub(crate) fn team(name: &(impl ToString + ?Sized), hash: &str) -> Self {
        Self::new(name, hash, "team")
    }

    /// Of an OAuth application.
    pub(crate) fn application(name: &(impl ToString + ?Sized), hash: &str) -> Self {
        Self::new(name, hash, "app")
    }

    fn new(name: &(impl ToString + ?Sized), hash: &str, kind: &'static str) -> Self {
        let first = hash.get(..2).unwrap_or_default();
        let number = usize::from_str_radix(first, 16).unwrap_or(0);
        Self {
            name: name.to_string(),
            color: PALETTE[number % PALETTE.len()],
            hash: hash.to_owned(),
            kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_mail_writes_them_and_in_utc() {
        assert_eq!(
            rfc_822(Timestamp(1_726_597_515_999)),
            "Tue, 17 Sep 2024 18:25:15 -0000"
        );
        assert_eq!(
            rfc_822(Timestamp(1_715_353_860_000)),
            "Fri, 10 May 2024 15:11:00 -0000"
        );
        assert_eq!(rfc_822(Timestamp(0)), "Thu, 01 Jan 1970 00:00:00 -0000");
        assert_eq!(gmt(Timestamp(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn newer_instants_are_those_of_iso_8601() {
        assert_eq!(
            iso_8601(Timestamp(1_726_597_515_999)),
            "2024-09-17T18:25:15Z"
        );
    }

    #[test]
    fn the_color_of_a_picture_follows_from_its_hash() {
        // Hash and color as a client of the source product got them.
        let hash = "ca9afae0a9d3ca322fc8a7a866e8476dd6c98de543decd186ae090e420a88feb";
        let avatar = Avatar::robot("admin+test", hash);
        assert_eq!((avatar.color, avatar.kind), ("#8c564b", "robot"));
        assert_eq!(Avatar::user("a", "ff").color, "#a55194");
        assert_eq!(Avatar::user("a", "").color, "#969696");
    }
}
