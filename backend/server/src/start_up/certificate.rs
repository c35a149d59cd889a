//! Whether the server ends TLS itself, and with what.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::StartUpError;
use crate::config::Config;
use crate::config::values::UrlScheme;
use crate::connections::Certificate;

/// Files beside the configuration, as installations of the source product have them.
const BESIDE: [&str; 2] = ["ssl.cert", "ssl.key"];

/// The certificate that the configuration names, or the one beside its file; none where a proxy ends TLS.
pub fn certificate(
    config: &Config,
    file: Option<&Path>,
) -> Result<Option<Arc<Certificate>>, StartUpError> {
    let Some((subject, [chain, key])) = files(config, file) else {
        return Ok(None);
    };
    let certificate = Certificate::read(&chain, &key).map_err(|what| {
        StartUpError::new(
            subject,
            what,
            "name PEM files that this user may read: the certificate with its chain, and its own key",
        )
    })?;
    tracing::info!(path = %chain.display(), "serving by TLS");
    Ok(Some(Arc::new(certificate)))
}

fn files(config: &Config, file: Option<&Path>) -> Option<(&'static str, [PathBuf; 2])> {
    let server = &config.server;
    if server.external_tls {
        return None;
    }
    if let (Some(chain), Some(key)) = (&server.tls_certificate, &server.tls_key) {
        return Some(("TLS_CERTIFICATE", [chain.into(), key.into()]));
    }
    let folder = file?.parent()?;
    let beside = BESIDE.map(|name| folder.join(name));
    let is_there = server.url_scheme == UrlScheme::Https && beside.iter().any(|file| file.exists());
    is_there.then_some(("PREFERRED_URL_SCHEME", beside))
}
