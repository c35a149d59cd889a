//! The server's certificate, read again when its files change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// The files are looked at that often, when somebody connects.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A certificate with its key.
#[derive(Debug)]
pub struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    config: Arc<ServerConfig>,
    stamp: Stamp,
    looked_at: Instant,
}

/// What tells that a file is another one; a link that is turned to other files counts as well.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Certificate {
    /// Reads a chain, the server's own certificate first, and its key, both PEM.
    ///
    /// # Errors
    /// What is wrong with which file.
    pub fn read(chain: &Path, key: &Path) -> Result<Self, String> {
        let stamp = stamp(chain, key);
        Ok(Self {
            state: Mutex::new(State {
                config: config(chain, key)?,
                stamp,
                looked_at: Instant::now(),
            }),
            chain: chain.to_owned(),
            key: key.to_owned(),
        })
    }

    /// Takes handshakes with the certificate of this moment. Where new files are of no use, because one of them
    /// is not written yet, the old certificate goes on.
    pub fn acceptor(&self) -> TlsAcceptor {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked_at.elapsed() >= LOOK_EVERY {
            state.looked_at = Instant::now();
            let stamp = stamp(&self.chain, &self.key);
            if stamp != state.stamp {
                state.stamp = stamp;
                match config(&self.chain, &self.key) {
                    Ok(config) => {
                        state.config = config;
                        tracing::info!(path = %self.chain.display(), "took the new certificate");
                    }
                    Err(error) => {
                        tracing::error!(
                            error,
                            "the new certificate cannot be used; the old one goes on"
                        );
                    }
                }
            }
        }
        TlsAcceptor::from(Arc::clone(&state.config))
    }
}

fn stamp(chain: &Path, key: &Path) -> Stamp {
    [chain, key].map(|path| {
        let about = std::fs::metadata(path).ok()?;
        Some((about.modified().ok()?, about.len()))
    })
}

fn config(chain: &Path, key: &Path) -> Result<Arc<ServerConfig>, String> {
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("`{}` cannot be read: {error}", chain.display()))?;
    if certificates.is_empty() {
        return Err(format!("`{}` holds no certificate", chain.display()));
    }
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| format!("`{}` holds no usable key: {error}", key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(certificates, private)
        .map_err(|error| {
            format!(
                "`{}` and `{}` do not fit together: {error}",
                chain.display(),
                key.display()
            )
        })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
