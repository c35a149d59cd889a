//! Tokens that a user's clients use instead of the password.

use berth_domain::{Page, PageRequest, Scope, Secret};
use berth_services::app_tokens::AppTokenView;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::call::Call;
use crate::operation::{Group, Operation, Outcome};
use crate::paging;
use crate::parameters::switch;
use crate::schema::{Schema, boolean, list as list_of, text};
use crate::wire::rfc_822;

pub(super) const TAG: &str = "appspecifictokens";

pub(super) fn group() -> Group {
    let on = |settings: &berth_services::Settings| settings.app_tokens.enabled;
    Group {
        tag: TAG,
        description: "Manages app specific tokens for the current user",
        operations: vec![
            Operation::get(
                "/user/apptoken",
                "listAppTokens",
                "Lists the app specific tokens for the user",
                list,
            )
            .scope(Scope::UserAdmin)
            .query([expiring()])
            .feature(on)
            .answers(Tokens::schema()),
            Operation::post(
                "/user/apptoken",
                "createAppToken",
                "Create a new app specific token for user",
                create,
            )
            .scope(Scope::UserAdmin)
            .fresh_login()
            .body(
                Schema::new("NewToken")
                    .required("title", text("The user-defined title for the token")),
            )
            .feature(on)
            .answers(One::schema()),
            Operation::get(
                "/user/apptoken/{token_uuid}",
                "getAppToken",
                "Returns a specific app token for the user",
                get,
            )
            .scope(Scope::UserAdmin)
            .fresh_login()
            .feature(on)
            .answers(One::schema()),
            Operation::delete(
                "/user/apptoken/{token_uuid}",
                "revokeAppToken",
                "Revokes a specific app token for the user",
                revoke,
            )
            .scope(Scope::UserAdmin)
            .fresh_login()
            .feature(on),
        ],
    }
}

/// The one parameter of the lists of tokens.
pub(super) fn expiring() -> crate::parameters::Parameter {
    switch(
        "expiring",
        "If true, only returns those tokens expiring soon",
    )
}

/// A token; its text where it was just made or asked for by itself.
#[derive(Serialize)]
pub(super) struct AppToken {
    uuid: String,
    title: String,
    last_accessed: Option<String>,
    created: String,
    expiration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_code: Option<String>,
}

impl AppToken {
    fn schema() -> Schema {
        Schema::new("AppToken")
            .required("uuid", text("The unique ID of the token"))
            .required("title", text("What its user calls it"))
            .nullable(
                "last_accessed",
                text("When it was last used, as in RFC 822"),
            )
            .required("created", text("When it was made, as in RFC 822"))
            .nullable("expiration", text("When it ends, as in RFC 822"))
            .optional(
                "token_code",
                text("Its text, where it was made or asked for by itself"),
            )
    }

    fn new(view: AppTokenView, text: Option<&Secret<String>>) -> Self {
        Self {
            uuid: view.uuid,
            title: view.title,
            last_accessed: view.last_used_at.map(rfc_822),
            created: rfc_822(view.created_at),
            expiration: view.expires_at.map(rfc_822),
            token_code: text.map(|text| text.expose().clone()),
        }
    }
}

#[derive(Serialize)]
struct One {
    token: AppToken,
}

impl One {
    fn schema() -> Schema {
        Schema::new("OneAppToken").required("token", AppToken::schema().into())
    }
}

/// A list of tokens. Of the two things that `only_expiring` may be, clients know true and null.
#[derive(Serialize)]
pub(super) struct Tokens {
    tokens: Vec<AppToken>,
    only_expiring: Option<bool>,
}

impl Tokens {
    pub(super) fn schema() -> Schema {
        Schema::new("AppTokens")
            .required("tokens", list_of(AppToken::schema(), "All of them"))
            .nullable(
                "only_expiring",
                boolean("True where only those were asked for that end soon"),
            )
    }
}

/// The whole list, which the API does not cut into pages.
pub(super) async fn whole<F>(
    is_expiring: bool,
    page: impl Fn(PageRequest<berth_domain::AppTokenId>) -> F,
) -> Result<Tokens, berth_domain::Error>
where
    F: Future<Output = Result<Page<AppTokenView>, berth_domain::Error>>,
{
    let found = paging::whole(|view: &AppTokenView| view.id, page).await?;
    let tokens = found.into_iter().map(|view| AppToken::new(view, None));
    Ok(Tokens {
        tokens: tokens.collect(),
        only_expiring: is_expiring.then_some(true),
    })
}

async fn list(call: Call) -> Outcome {
    let is_expiring = call.query.is_on("expiring");
    let (tokens, actor) = (&call.services.app_tokens, &call.actor);
    let list = whole(is_expiring, async |page| {
        tokens.page(actor, is_expiring, &page).await
    });
    Answer::ok(&list.await?)
}

#[derive(Deserialize)]
struct New {
    title: String,
}

async fn create(call: Call) -> Outcome {
    let New { title } = call.body()?;
    let tokens = &call.services.app_tokens;
    let (view, text) = tokens.create(&call.actor, &title).await?;
    let token = AppToken::new(view, Some(&text));
    Answer::ok(&One { token })
}

async fn get(call: Call) -> Outcome {
    let uuid = call.parameter("token_uuid");
    let tokens = &call.services.app_tokens;
    let (view, text) = tokens.reveal(&call.actor, uuid).await?;
    let token = AppToken::new(view, Some(&text));
    Answer::ok(&One { token })
}

async fn revoke(call: Call) -> Outcome {
    let uuid = call.parameter("token_uuid");
    let tokens = &call.services.app_tokens;
    tokens.delete(&call.actor, uuid).await?;
    Ok(Answer::no_content())
}
