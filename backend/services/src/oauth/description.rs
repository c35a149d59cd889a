//! What administrators say of an application.

use berth_domain::{ApplicationFields, Email, Error, Result, address};
use berth_store::oauth::applications::{Application, Described};

use super::redirects;

/// Longest name of an application, in characters.
pub const NAME_MAX: usize = 255;
/// Longest description of an application, in characters.
pub const DESCRIPTION_MAX: usize = 4_096;
/// What the product whose API this speaks calls an application that it makes for itself. Scripts take one of this name
/// for that, so nobody makes one.
const RESERVED_NAME: &str = "__quay_bootstrap_app";

/// What administrators say of an application to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// What people call it.
    pub name: String,
    /// Where it presents itself; may be empty.
    pub homepage: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Its picture is made from this address.
    pub avatar_email: Option<String>,
    /// What every address begins with that browsers are sent back to; empty for none but the registry's own.
    pub redirect_prefix: String,
}

/// What changes of an application; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// What people call it.
    pub name: Option<String>,
    /// Where it presents itself.
    pub homepage: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its picture is made from this address; the inner `None` for none.
    pub avatar_email: Option<Option<String>>,
    /// What every address begins with that browsers are sent back to.
    pub redirect_prefix: Option<String>,
}

impl Description {
    pub(super) fn checked(&self) -> Result<Described<'_>> {
        check_length("name", &self.name, NAME_MAX)?;
        if self.name.trim() == RESERVED_NAME {
            let message = format!("the name `{RESERVED_NAME}` is reserved; choose another one");
            return Err(Error::invalid_value(message).in_field("name"));
        }
        check_length("description", &self.description, DESCRIPTION_MAX)?;
        // Pages show it as a link, and a link can be a script.
        if !self.homepage.is_empty() && !address::is_homepage(&self.homepage) {
            return Err(Error::invalid_value(
                "the homepage has to begin with `http://` or `https://` or a scheme of the application's own such as \
                 `myapp://`, or to be empty",
            )
            .in_field("homepage"));
        }
        redirects::check_prefix(&self.redirect_prefix)?;
        let email = self.avatar_email.as_deref().map(str::trim);
        let email = email.filter(|email| !email.is_empty());
        if let Some(email) = email {
            let parsed: Result<Email> = email.parse();
            parsed.map_err(|e| e.in_field("avatarEmail"))?;
        }
        Ok(Described {
            name: &self.name,
            homepage: &self.homepage,
            description: &self.description,
            avatar_email: email,
            redirect_prefix: &self.redirect_prefix,
        })
    }

    pub(super) fn fields(&self) -> ApplicationFields {
        ApplicationFields {
            homepage: self.homepage.clone(),
            description: self.description.clone(),
            avatar_email: self.avatar_email.clone(),
            redirect_prefix: self.redirect_prefix.clone(),
        }
    }
}

impl Change {
    /// What the application says of itself after the change.
    pub(super) fn of(&self, row: &Application) -> Description {
        let or = |new: &Option<String>, old: &String| new.as_ref().unwrap_or(old).clone();
        Description {
            name: or(&self.name, &row.name),
            homepage: or(&self.homepage, &row.homepage),
            description: or(&self.description, &row.description),
            avatar_email: match &self.avatar_email {
                Some(new) => new.clone(),
                None => row.avatar_email.clone(),
            },
            redirect_prefix: or(&self.redirect_prefix, &row.redirect_prefix),
        }
    }
}

fn check_length(field: &'static str, text: &str, max: usize) -> Result<()> {
    let length = text.chars().count();
    if length > max {
        return Err(Error::invalid_value(format!(
            "the {field} has at most {max} characters, this one has {length}"
        ))
        .in_field(field));
    }
    Ok(())
}
