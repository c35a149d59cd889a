//! Addresses of pages: what a path names, and the path of a thing.

use url::form_urlencoded;

/// What follows `/repository/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A repository.
    Repository { namespace: String, name: String },
    /// A tag; `otherwise` is the repository that the same words could name.
    Tag {
        namespace: String,
        name: String,
        tag: String,
        otherwise: String,
    },
}

impl Place {
    /// Splits `<ns>/<repo>` or `<ns>/<repo>/tag/<tag>`; the repository may hold slashes and any word (R5).
    /// None when no repository is named.
    pub(crate) fn parse(rest: &str) -> Option<Self> {
        let rest = rest.trim_matches('/');
        let (namespace, name) = rest.split_once('/')?;
        let namespace = namespace.to_owned();
        if let Some((repository, tag)) = name.rsplit_once("/tag/")
            && !tag.contains('/')
            && !repository.is_empty()
        {
            return Some(Self::Tag {
                namespace,
                name: repository.to_owned(),
                tag: tag.to_owned(),
                otherwise: name.to_owned(),
            });
        }
        Some(Self::Repository {
            namespace,
            name: name.to_owned(),
        })
    }
}

/// The list of repositories, where whoever comes in begins.
const REPOSITORIES: &str = "/repository";

/// The page of a repository. Where the path could name a tag, the open tab says what is meant.
pub(crate) fn repository(path: &str) -> String {
    let tab = match Place::parse(path) {
        Some(Place::Tag { .. }) => "?tab=tags",
        _ => "",
    };
    format!("/repository/{path}{tab}")
}

/// Whether `?tab=` is one of a repository's, and none of a tag's.
pub(crate) fn is_repository_tab(tab: &str) -> bool {
    REPOSITORY_TABS.contains(&tab)
}

/// The tabs of a repository's page, in order.
pub(crate) const REPOSITORY_TABS: [&str; 3] = ["tags", "information", "settings"];

/// The page of a tag.
pub(crate) fn tag(path: &str, tag: &str) -> String {
    format!("/repository/{path}/tag/{tag}")
}

/// The page of a user's or organization's namespace.
pub(crate) fn namespace(name: &str, is_user: bool) -> String {
    if is_user {
        format!("/user/{name}")
    } else {
        format!("/organization/{name}")
    }
}

/// A tab of the viewer's own page.
pub(crate) fn account(name: &str, tab: &str) -> String {
    QueryString::default()
        .with("tab", tab)
        .on(&namespace(name, true))
}

/// What changed in the versions of this product.
pub(crate) const CHANGE_LOG: &str = "/superuser/change-log";

/// The list of users, with one of them found.
pub(crate) fn users(name: &str) -> String {
    QueryString::default()
        .with("q", name)
        .on("/superuser/users")
}

/// The page that finds everything.
pub(crate) const SEARCH: &str = "/search";

/// The same with what this text finds.
pub(crate) fn search(text: &str) -> String {
    QueryString::default().with("q", text).on(SEARCH)
}

/// What `?tab=` calls the tab with the robot accounts of a namespace.
pub(crate) const ROBOTS_TAB: &str = "Robotaccounts";

/// The robot accounts of a namespace, with one of them found by its whole name. A namespace that is not the viewer's own
/// is taken for an organization, whose page leads on to that of a user.
pub(crate) fn robot(name: &str, viewer: Option<&str>) -> String {
    let (owner, short) = name.split_once('+').unwrap_or((name, ""));
    QueryString::default()
        .with("tab", ROBOTS_TAB)
        .with("q", short)
        .on(&namespace(owner, viewer == Some(owner)))
}

/// What `?tab=` calls the tab with the application tokens of the own account.
pub(crate) const TOKENS_TAB: &str = "Applicationtokens";

/// What `?tab=` calls the tab with the settings of a namespace.
pub(crate) const SETTINGS_TAB: &str = "Settings";

/// What `?tab=` calls the tab with the teams of an organization.
pub(crate) const TEAMS_TAB: &str = "Teamsandmembership";

/// The teams of an organization.
pub(crate) fn teams(organization: &str) -> String {
    QueryString::default()
        .with("tab", TEAMS_TAB)
        .on(&namespace(organization, false))
}

/// What `?tab=` calls the tab with those who are in a team.
pub(crate) const TEAM_MEMBERS_TAB: &str = "members";

/// What `?tab=` calls the tab with the roles of a team in repositories.
pub(crate) const TEAM_PERMISSIONS_TAB: &str = "permissions";

/// A tab of the page of a team.
pub(crate) fn team(organization: &str, team: &str, tab: &str) -> String {
    let page = format!("{}/teams/{team}", namespace(organization, false));
    QueryString::default().with("tab", tab).on(&page)
}

/// What `?tab=` calls the tab with the default permissions of an organization.
pub(crate) const DEFAULT_PERMISSIONS_TAB: &str = "Defaultpermissions";

/// What `?tab=` calls the tab with the applications of an organization.
pub(crate) const APPLICATIONS_TAB: &str = "OAuthApplications";

/// The applications of an organization.
pub(crate) fn applications(organization: &str) -> String {
    QueryString::default()
        .with("tab", APPLICATIONS_TAB)
        .on(&namespace(organization, false))
}

/// The access tokens of one of them, by its client id.
pub(crate) fn access_tokens(organization: &str, client_id: &str) -> String {
    QueryString::default()
        .with("tab", APPLICATIONS_TAB)
        .with("application", client_id)
        .on(&namespace(organization, false))
}

/// What `?tab=` calls the tab with what the viewer lets applications do.
pub(crate) const AUTHORIZATIONS_TAB: &str = "ExternalLoginsAndApplications";

/// What `?tab=` calls the tab with the teams that the viewer is asked into.
pub(crate) const INVITATIONS_TAB: &str = "Invitations";

/// The page on which an application asks for access.
pub(crate) const AUTHORIZE: &str = "/oauth/authorize";

/// The page that shows a token to who made it for the own use.
pub(crate) const LOCAL_APP: &str = "/oauth/localapp";

/// The page on which an invitation to a team is answered; mails lead there.
pub(crate) const CONFIRM_INVITE: &str = "/confirminvite";

/// The same for one of them, by its code.
pub(crate) fn invitation(code: &str) -> String {
    QueryString::default().with("code", code).on(CONFIRM_INVITE)
}

/// What an application asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    /// Names separated by spaces.
    pub(crate) scope: &'a str,
    /// `code` or `token`.
    pub(crate) response_type: &'a str,
    /// What was assigned, by its uuid; empty for nothing.
    pub(crate) assignment: &'a str,
}

/// The page that asks it.
pub(crate) fn authorize(question: Question<'_>) -> String {
    QueryString::default()
        .with("client_id", question.client_id)
        .with("redirect_uri", question.redirect_uri)
        .with("scope", question.scope)
        .with("response_type", question.response_type)
        .with("assignment_uuid", question.assignment)
        .on(AUTHORIZE)
}

/// The sign-in page, which leads back to a page of this console.
pub(crate) fn sign_in(back: &str) -> String {
    QueryString::default().with("next", back).on("/signin")
}

/// The page on which strangers create an account, which leads back as the sign-in page does.
pub(crate) fn create_account(back: &str) -> String {
    let back = if back == REPOSITORIES { "" } else { back };
    QueryString::default()
        .with("next", back)
        .on("/createaccount")
}

/// The code of the invitation that a page asks about; none for any other page.
pub(crate) fn invite_code(page: &str) -> Option<String> {
    let query = page.strip_prefix(CONFIRM_INVITE)?.strip_prefix('?')?;
    QueryString::parse(query).get("code").map(str::to_owned)
}

/// Where sign-in leads on: only ever to a page of this console.
pub(crate) fn after_sign_in(query: &str) -> String {
    let query = QueryString::parse(query);
    let next = query.get("next").filter(|next| {
        // Browsers read `\` as `/`, and leave tabs and line breaks out.
        let is_plain = !next.contains(|c: char| c == '\\' || c.is_control());
        next.starts_with('/') && !next.starts_with("//") && is_plain
    });
    next.unwrap_or(REPOSITORIES).to_owned()
}

/// A page's state after `?`: ordered keys and values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct QueryString(Vec<(String, String)>);

impl QueryString {
    /// Reads what follows `?`; a leading `?` may be there.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.trim_start_matches('?');
        Self(
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The first value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }

    /// All values of a key.
    pub(crate) fn all(&self, key: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(k, _)| k == key)
            .map(|(_, v)| v.clone())
            .collect()
    }

    /// With one value for the key, or without the key where the value is empty.
    #[must_use]
    pub(crate) fn with(self, key: &str, value: &str) -> Self {
        let values = if value.is_empty() {
            Vec::new()
        } else {
            vec![value.to_owned()]
        };
        self.with_all(key, values)
    }

    /// With exactly these values for the key.
    #[must_use]
    pub(crate) fn with_all(mut self, key: &str, values: Vec<String>) -> Self {
        self.0.retain(|(k, _)| k != key);
        self.0
            .extend(values.into_iter().map(|value| (key.to_owned(), value)));
        self
    }

    /// `path?query`, without `?` when empty.
    pub(crate) fn on(&self, path: &str) -> String {
        if self.0.is_empty() {
            return path.to_owned();
        }
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish();
        format!("{path}?{query}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository_of(rest: &str) -> Option<(String, String)> {
        match Place::parse(rest)? {
            Place::Repository { namespace, name } => Some((namespace, name)),
            Place::Tag { .. } => None,
        }
    }

    #[test]
    fn a_repository_may_hold_slashes_and_any_word() {
        for name in [
            "app",
            "a/b/c",
            "tag",
            "tag/x",
            "build",
            "manifests/tags",
            "tags/tag",
        ] {
            assert_eq!(
                repository_of(&format!("acme/{name}")),
                Some(("acme".into(), name.into())),
                "{name}"
            );
        }
        assert_eq!(Place::parse("acme"), None);
        assert_eq!(Place::parse("acme/"), None);
    }

    #[test]
    fn a_repository_that_is_spelt_like_a_tag_has_an_address_of_its_own() {
        assert_eq!(repository("acme/x"), "/repository/acme/x");
        assert_eq!(
            repository("acme/x/tag/y"),
            "/repository/acme/x/tag/y?tab=tags"
        );
        assert_eq!(tag("acme/x", "y"), "/repository/acme/x/tag/y");
        assert!(is_repository_tab("tags") && !is_repository_tab("details"));
    }

    #[test]
    fn a_tab_of_the_own_page_has_an_address() {
        assert_eq!(account("ann", SETTINGS_TAB), "/user/ann?tab=Settings");
        assert_eq!(
            applications("acme"),
            "/organization/acme?tab=OAuthApplications"
        );
        assert_eq!(teams("acme"), "/organization/acme?tab=Teamsandmembership");
        assert_eq!(
            team("acme", "owners", TEAM_MEMBERS_TAB),
            "/organization/acme/teams/owners?tab=members"
        );
        assert_eq!(
            access_tokens("acme", "C1"),
            "/organization/acme?tab=OAuthApplications&application=C1"
        );
        assert_eq!(search("a b"), "/search?q=a+b");
        assert_eq!(
            robot("ann+ci", Some("ann")),
            "/user/ann?tab=Robotaccounts&q=ci"
        );
        assert_eq!(
            robot("acme+ci", Some("ann")),
            "/organization/acme?tab=Robotaccounts&q=ci"
        );
    }

    #[test]
    fn the_last_tag_in_a_path_names_the_tag() {
        assert_eq!(
            Place::parse("acme/a/tag/b/tag/1.0"),
            Some(Place::Tag {
                namespace: "acme".into(),
                name: "a/tag/b".into(),
                tag: "1.0".into(),
                otherwise: "a/tag/b/tag/1.0".into(),
            })
        );
        assert!(
            matches!(Place::parse("acme/tag/tag/tag"), Some(Place::Tag { name, tag, .. }) if name == "tag" && tag == "tag")
        );
    }

    #[test]
    fn a_question_of_an_application_has_an_address() {
        let address = authorize(Question {
            client_id: "c1",
            redirect_uri: "https://registry.example/oauth/localapp",
            scope: "repo:read user:read",
            response_type: "token",
            assignment: "",
        });
        assert_eq!(
            address,
            "/oauth/authorize?client_id=c1&redirect_uri=https%3A%2F%2Fregistry.example%2Foauth%2Flocalapp\
             &scope=repo%3Aread+user%3Aread&response_type=token"
        );
        // Who has to sign in first comes back to all of it.
        let back = sign_in(&address);
        let query = back.strip_prefix("/signin").unwrap();
        assert_eq!(after_sign_in(query), address);
    }

    #[test]
    fn an_invitation_is_answered_after_sign_in() {
        let address = invitation("a+b");
        assert_eq!(address, "/confirminvite?code=a%2Bb");
        let back = sign_in(&address);
        assert_eq!(
            after_sign_in(back.strip_prefix("/signin").unwrap()),
            address
        );
    }

    #[test]
    fn an_account_is_created_on_the_way_to_an_invitation() {
        let address = invitation("a+b");
        assert_eq!(invite_code(&address).as_deref(), Some("a+b"));
        let create = create_account(&address);
        let query = create.strip_prefix("/createaccount").unwrap();
        assert_eq!(after_sign_in(query), address);
        assert_eq!(create_account(REPOSITORIES), "/createaccount");
        for other in [
            "/repository?code=x",
            "/confirminvite",
            "/confirminvites?code=x",
        ] {
            assert_eq!(invite_code(other), None, "{other}");
        }
    }

    #[test]
    fn sign_in_leads_only_to_pages_of_this_console() {
        let back = sign_in("/repository/acme/app?tab=settings");
        let query = back.strip_prefix("/signin").unwrap();
        assert_eq!(after_sign_in(query), "/repository/acme/app?tab=settings");
        for bad in [
            "",
            "?next=https://example.com",
            "?next=//example.com",
            "?next=/%5Cexample.com",
            "?next=/%09/example.com",
            "?next=/%0A/example.com",
            "?next=%09//example.com",
            "?next=javascript:alert(1)",
        ] {
            assert_eq!(after_sign_in(bad), "/repository", "{bad}");
        }
    }

    #[test]
    fn a_query_keeps_order_and_drops_empty_values() {
        let query = QueryString::parse("?q=a%2Fb&after=1&after=2");
        assert_eq!(query.get("q"), Some("a/b"));
        assert_eq!(query.all("after"), ["1", "2"]);
        assert_eq!(query.clone().with("q", "").on("/x"), "/x?after=1&after=2");
        assert_eq!(query.with("q", "").with_all("after", vec![]).on("/x"), "/x");
    }
}
