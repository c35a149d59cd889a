//! Users as the descriptions of the API show them.

use crate::schema::{Schema, boolean, integer_from, list, objects, text};
use crate::wire::Avatar;

/// A user. What others may not know of it is absent.
pub(super) fn user() -> Schema {
    let name = |description| text(description).or_null();
    Schema::new("User")
        .required("anonymous", boolean("False"))
        .required("username", text("The user's name"))
        .required("avatar", Avatar::schema().into())
        .optional(
            "can_create_repo",
            boolean("Whether the user may create repositories"),
        )
        .optional("is_me", boolean("True for the user who asks"))
        .optional(
            "verified",
            boolean("Whether the e-mail address was confirmed"),
        )
        .optional("email", name("The user's e-mail address"))
        .optional("logins", objects("Sign-ins by others: there are none"))
        .optional("invoice_email", boolean("False: nothing is billed"))
        .optional("invoice_email_address", name("Null: nothing is billed"))
        .optional("preferred_namespace", boolean("False"))
        .optional(
            "tag_expiration_s",
            integer_from(0, "Seconds for which deleted tags can be restored"),
        )
        .optional(
            "prompts",
            objects("What the user is asked for at the next sign-in: nothing"),
        )
        .optional("company", name("The user's company"))
        .optional("family_name", name("The user's family name"))
        .optional("given_name", name("The user's given name"))
        .optional("location", name("Where the user is"))
        .optional("is_free_account", boolean("True: nothing is billed"))
        .optional(
            "has_password_set",
            boolean("Whether the user has a password"),
        )
        .optional(
            "organizations",
            list(organization(), "Organizations that the user is a member of"),
        )
        .optional("super_user", boolean("True for a superuser"))
        .optional(
            "global_readonly_super_user",
            boolean("True for who sees what superusers see and changes nothing"),
        )
}

/// An organization of the user who asks.
fn organization() -> Schema {
    Schema::new("UserOrganization")
        .required("name", text("Its name"))
        .required("avatar", Avatar::schema().into())
        .required(
            "can_create_repo",
            boolean("Whether the user may create repositories in it"),
        )
        .required("public", boolean("False"))
        .optional("is_org_admin", boolean("Whether the user administers it"))
        .optional("preferred_namespace", boolean("False"))
}
