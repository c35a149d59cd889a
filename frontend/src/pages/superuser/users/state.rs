//! What is said of a user beside its name.

use icondata_lu as lu;
use leptos::prelude::*;

use super::User;
use crate::{components::Label, i18n::*};

/// What is said of a user beside its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Superuser,
    ReadOnlySuperuser,
    Disabled,
    Unconfirmed,
    Enabled,
}

impl State {
    /// What copies of the list call it.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Superuser => "superuser",
            Self::ReadOnlySuperuser => "read-only superuser",
            Self::Disabled => "disabled",
            Self::Unconfirmed => "unconfirmed",
            Self::Enabled => "enabled",
        }
    }

    pub(super) fn words(self, i18n: I18n) -> &'static str {
        match self {
            Self::Superuser => t_string!(i18n, users.superuser),
            Self::ReadOnlySuperuser => t_string!(i18n, users.read_only_superuser),
            Self::Disabled => t_string!(i18n, users.disabled),
            Self::Unconfirmed => t_string!(i18n, users.unconfirmed),
            Self::Enabled => t_string!(i18n, users.enabled),
        }
    }

    pub(super) fn label(self, i18n: I18n) -> AnyView {
        let (color, icon) = match self {
            Self::Superuser => ("pf-m-blue", Some(lu::LuShield)),
            Self::ReadOnlySuperuser => ("pf-m-blue", Some(lu::LuEye)),
            Self::Disabled => ("pf-m-orange", Some(lu::LuBan)),
            Self::Unconfirmed => ("", Some(lu::LuMail)),
            Self::Enabled => ("", None),
        };
        view! { <Label color icon>{move || self.words(i18n)}</Label> }.into_any()
    }
}

/// The states of a user. `mailing`: addresses are confirmed by mail.
pub(super) fn states(user: &User, mailing: bool) -> Vec<State> {
    let mut states = Vec::new();
    let mut say = |said: bool, state| {
        if said {
            states.push(state);
        }
    };
    say(user.is_superuser == Some(true), State::Superuser);
    say(
        user.is_read_only_superuser == Some(true),
        State::ReadOnlySuperuser,
    );
    say(user.enabled == Some(false), State::Disabled);
    say(
        mailing && user.email.is_some() && user.email_verified == Some(false),
        State::Unconfirmed,
    );
    say(user.enabled == Some(true), State::Enabled);
    states
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fragments::DateTime, session};

    fn user() -> User {
        User {
            id: cynic::Id::new("u1"),
            name: "ann".into(),
            avatar: session::Avatar {
                color: "#000000".into(),
            },
            email: Some("ann@example.com".into()),
            email_verified: Some(true),
            enabled: Some(true),
            is_superuser: Some(false),
            is_read_only_superuser: Some(false),
            last_used_at: None,
            contents: None,
            sole_organization_count: None,
            created_at: DateTime("2026-01-01T00:00:00.000Z".into()),
        }
    }

    #[test]
    fn a_user_is_enabled_or_disabled_whatever_else_it_is() {
        assert_eq!(states(&user(), true), [State::Enabled]);
        let disabled = User {
            enabled: Some(false),
            is_read_only_superuser: Some(true),
            ..user()
        };
        assert_eq!(
            states(&disabled, true),
            [State::ReadOnlySuperuser, State::Disabled]
        );
        let superuser = User {
            is_superuser: Some(true),
            ..user()
        };
        assert_eq!(states(&superuser, true), [State::Superuser, State::Enabled]);
    }

    #[test]
    fn an_address_waits_only_where_there_is_one_and_mail_is_sent() {
        let waiting = User {
            email_verified: Some(false),
            ..user()
        };
        assert_eq!(states(&waiting, true), [State::Unconfirmed, State::Enabled]);
        assert_eq!(states(&waiting, false), [State::Enabled]);
        let without = User {
            email: None,
            ..waiting
        };
        assert_eq!(states(&without, true), [State::Enabled]);
    }
}
