//! The dialog *Add new member*.

use berth_domain::Email;
use leptos::prelude::*;

use super::{Key, invitations::Whom};
use crate::{
    api::{ApiError, ErrorClass, use_api},
    components::{EntityKind, EntityPicker, FormDialog, Lookup, Picked, error_text, use_toasts},
    i18n::*,
    pages::namespace::added_words,
    session::use_session,
    work::Work,
};

/// Who may be put into a team.
const KINDS: &[EntityKind] = &[EntityKind::User, EntityKind::Robot];

/// Asks who, and puts them in, or asks them to come.
#[component]
pub(super) fn AddMember(
    /// Into which team.
    team: Key,
    /// Takes the dialog away.
    on_close: Callback<()>,
    /// Called when somebody is in.
    on_done: Callback<()>,
) -> impl IntoView {
    let (api, toasts, i18n) = (use_api(), use_toasts(), use_i18n());
    let sends_mail = use_session().registry().sends_mail;
    let picked = Picked::new();
    let work = Work::new();
    let lookup = Lookup {
        namespace: team.organization.clone(),
        kinds: KINDS,
    };
    let whom = move || {
        let text = picked.text();
        if sends_mail && text.parse::<Email>().is_ok() {
            return Some(Whom::Address(text));
        }
        picked
            .entity(KINDS)
            .map(|entity| Whom::Account(entity.name))
    };
    let on_submit = Callback::new(move |()| {
        let Some(whom) = untrack(whom) else {
            return;
        };
        let (name, team_name) = (whom.name().to_owned(), team.name.clone());
        work.start(whom.ask(api, &team.id), move |state| {
            toasts.success(added_words(i18n, state, name, team_name));
            on_done.try_run(());
        });
    });
    let is_of_field = |error: &ApiError| {
        error.class == ErrorClass::NotFound
            || matches!(error.field.as_deref(), Some("account" | "email"))
    };
    let hint = Signal::derive(move || {
        if sends_mail {
            t_string!(i18n, teams.member_or_address_hint)
        } else {
            t_string!(i18n, teams.member_hint)
        }
        .to_owned()
    });
    let field_error = Signal::derive(move || {
        if picked.is_nobody(KINDS) && whom().is_none() {
            return Some(if sends_mail {
                t_string!(i18n, teams.member_invalid).to_owned()
            } else {
                t_string!(i18n, settings.account_invalid).to_owned()
            });
        }
        let error = work.error.get().filter(is_of_field)?;
        Some(match error.class {
            ErrorClass::InvalidInput if error.field.as_deref() == Some("email") => {
                t_string!(i18n, rules.email).to_owned()
            }
            ErrorClass::NotFound | ErrorClass::InvalidInput => {
                t_string!(i18n, settings.unknown_account).to_owned()
            }
            ErrorClass::Conflict => t_string!(i18n, teams.already_member).to_owned(),
            _ => error_text(i18n, &error),
        })
    });
    let error = Signal::derive(move || work.error.get().filter(|error| !is_of_field(error)));
    let words = Callback::new(move |error: ApiError| {
        let asks = matches!(untrack(whom), Some(Whom::Address(_)));
        (error.class == ErrorClass::Conflict).then(|| {
            if asks {
                t_string!(i18n, teams.too_many_invited).to_owned()
            } else {
                t_string!(i18n, teams.already_member).to_owned()
            }
        })
    });
    view! {
        <FormDialog
            title=words!(i18n, teams.add_new_member)
            work
            error
            words=Some(words)
            action=words!(i18n, teams.add_member)
            ready=Signal::derive(move || whom().is_some())
            on_submit
            on_close
        >
            <EntityPicker
                id="new-member"
                label=words!(i18n, teams.member)
                hint
                error=field_error
                required=true
                autofocus=true
                lookup
                picked
            />
        </FormDialog>
    }
}
