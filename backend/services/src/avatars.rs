//! What pictures of accounts are made from. Clients draw them by themselves, or ask Gravatar for the one of an address.

use berth_store::accounts::Account;
use md5::Md5;
use sha2::{Digest as _, Sha256};

use crate::settings::AvatarKind;

impl AvatarKind {
    /// Of an account: of its address, or of a value that nobody knows where it has none.
    pub(crate) fn of_account(self, account: &Account) -> String {
        self.of_either(account.email.as_deref(), &account.uuid)
    }

    /// The same of an address and of that value.
    pub(crate) fn of_either(self, email: Option<&str>, uuid: &str) -> String {
        email.map_or_else(|| self.hash(uuid), |email| self.of_email(email))
    }

    /// Of an address, however it is written.
    pub(crate) fn of_email(self, email: &str) -> String {
        self.hash(&email.trim().to_lowercase())
    }

    /// Of what has neither: of its name.
    pub(crate) fn of_name(self, name: &str) -> String {
        self.hash(name)
    }

    /// In hex. It hides nothing: who knows an address can tell whose picture it is.
    fn hash(self, seed: &str) -> String {
        match self {
            Self::Local => hex::encode(Sha256::digest(seed)),
            Self::Gravatar => hex::encode(Md5::digest(seed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address and the hash of Gravatar's own documentation.
    #[test]
    fn gravatar_finds_the_picture_of_an_address() {
        assert_eq!(
            AvatarKind::Gravatar.of_email(" MyEmailAddress@example.com "),
            "0bc83cb571cd1c50ba6f3e8a78ef1346"
        );
        assert_eq!(
            AvatarKind::Local.of_email("MyEmailAddress@example.com "),
            "84059b07d4be67b806386c0aad8070a23f18836bbaae342275dc0a83414c32ee"
        );
    }
}
