//! The challenge of a 401: where to get a token, and which one.

use axum::http::{HeaderValue, Method};
use berth_domain::RepositoryPath;
use berth_http::address::PublicAddress;

/// What a client has to bring.
#[derive(Debug, Clone)]
pub(crate) struct Challenge {
    address: PublicAddress,
    scope: Option<String>,
    is_too_narrow: bool,
}

impl Challenge {
    /// Any token of this registry.
    pub(crate) const fn new(address: PublicAddress) -> Self {
        Self {
            address,
            scope: None,
            is_too_narrow: false,
        }
    }

    /// Where clients reach the registry; its host is the audience of tokens too.
    pub(crate) const fn address(&self) -> &PublicAddress {
        &self.address
    }

    /// A token for what the verb does to a repository.
    pub(crate) fn on_repository(&mut self, path: &RepositoryPath, method: &Method) {
        let actions = match *method {
            Method::GET | Method::HEAD => "pull",
            _ => "pull,push",
        };
        self.scope = Some(format!("repository:{path}:{actions}"));
    }

    /// A token for the catalog.
    pub(crate) fn on_catalog(&mut self) {
        self.scope = Some("registry:catalog:*".to_owned());
    }

    /// The token that was brought is good, so a refusal means that it is too narrow.
    pub(crate) const fn token_is_good(&mut self) {
        self.is_too_narrow = true;
    }

    /// `WWW-Authenticate`.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let mut text = format!(
            "Bearer realm=\"{}/v2/auth\",service=\"{}\"",
            self.address, self.address.host
        );
        if let Some(scope) = &self.scope {
            text.extend([",scope=\"", scope, "\""]);
        }
        if self.is_too_narrow {
            text.push_str(",error=\"insufficient_scope\"");
        }
        HeaderValue::from_str(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge() -> Challenge {
        Challenge::new(PublicAddress {
            scheme: "https".into(),
            host: "reg.example".into(),
        })
    }

    #[test]
    fn it_names_realm_service_and_scope() {
        let mut challenge = challenge();
        assert_eq!(
            challenge.header().unwrap(),
            "Bearer realm=\"https://reg.example/v2/auth\",service=\"reg.example\""
        );
        challenge.on_repository(&"acme/a/b".parse().unwrap(), &Method::HEAD);
        challenge.token_is_good();
        assert_eq!(
            challenge.header().unwrap(),
            "Bearer realm=\"https://reg.example/v2/auth\",service=\"reg.example\",\
             scope=\"repository:acme/a/b:pull\",error=\"insufficient_scope\""
        );
    }

    #[test]
    fn every_change_asks_for_pull_and_push() {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let mut challenge = challenge();
            challenge.on_repository(&"acme/app".parse().unwrap(), &method);
            let header = challenge.header().unwrap();
            assert!(
                header
                    .to_str()
                    .unwrap()
                    .ends_with("scope=\"repository:acme/app:pull,push\"")
            );
        }
    }
}
