//! What `sslmode` and `sslrootcert` mean to libpq, said to rustls.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::refusal::Refusal;

/// How much is asked of the connection: `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SslMode {
    /// Plain text.
    Disable,
    /// TLS where the server offers it.
    Prefer,
    /// TLS, with whatever certificate, unless authorities are named.
    Require,
    /// TLS with a certificate from the named authorities.
    VerifyCa,
    /// The same, and the certificate is for the host of the URL.
    VerifyFull,
}

impl FromStr for SslMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "disable" => Ok(Self::Disable),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            other => Err(format!(
                "`sslmode` is `{other}`, expected disable, prefer, require, verify-ca or verify-full"
            )),
        }
    }
}

/// Who may vouch for the server: `sslrootcert`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Authorities {
    /// Nobody is asked.
    None,
    /// The public ones, `system`.
    Public,
    /// Those in a file of PEM.
    File(PathBuf),
}

/// Both parameters, which fit together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ssl {
    pub(super) mode: SslMode,
    authorities: Authorities,
}

impl Ssl {
    /// Takes the values of the two parameters, as far as they are there.
    pub(super) fn new(mode: Option<&str>, root: Option<&str>) -> Result<Self, String> {
        let mode = mode.map(str::parse).transpose()?;
        match (mode, root) {
            (None, Some("system")) => Ok(Self {
                mode: SslMode::VerifyFull,
                authorities: Authorities::Public,
            }),
            (Some(mode), Some("system")) if mode != SslMode::VerifyFull => {
                Err("`sslrootcert=system` needs `sslmode=verify-full`: anybody can have a certificate from a public authority".to_owned())
            }
            (Some(SslMode::VerifyCa), None) => Err(
                "`sslmode=verify-ca` needs `sslrootcert=FILE` with the certificate of the authority".to_owned(),
            ),
            // libpq would look into the home folder; a server has none.
            (Some(mode @ SslMode::VerifyFull), None | Some("system")) => Ok(Self {
                mode,
                authorities: Authorities::Public,
            }),
            (mode, None) => Ok(Self {
                mode: mode.unwrap_or(SslMode::Prefer),
                authorities: Authorities::None,
            }),
            (_, Some("")) => Err("`sslrootcert` is empty, expected the path of a file".to_owned()),
            (mode, Some(file)) => Ok(Self {
                mode: mode.unwrap_or(SslMode::Prefer),
                authorities: Authorities::File(file.into()),
            }),
        }
    }

    /// The settings of the handshake, with the file read; none for plain text.
    pub(super) fn client(&self) -> Result<Option<ClientConfig>, Refusal> {
        if self.mode == SslMode::Disable {
            return Ok(None);
        }
        let verifier = self.verifier()?;
        let config = ClientConfig::builder_with_provider(Arc::clone(&verifier.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Refusal::new(error.to_string(), "this is a fault of berth"))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Some(config))
    }

    fn verifier(&self) -> Result<Verifier, Refusal> {
        Ok(Verifier {
            trust: self.trust()?,
            checks_name: self.mode == SslMode::VerifyFull,
            provider: Arc::new(rustls::crypto::ring::default_provider()),
        })
    }

    fn trust(&self) -> Result<Option<Trust>, Refusal> {
        let mut roots = RootCertStore::empty();
        let mut named = Vec::new();
        match &self.authorities {
            Authorities::None => return Ok(None),
            Authorities::Public => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Authorities::File(path) => {
                let unusable = |what: String| {
                    Refusal::new(
                        format!("`sslrootcert`, `{}`, {what}", path.display()),
                        "name a file with the certificate of the authority in PEM, `-----BEGIN CERTIFICATE-----`",
                    )
                };
                let certificates = CertificateDer::pem_file_iter(path)
                    .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                    .map_err(|error| unusable(format!("cannot be read: {error}")))?;
                if certificates.is_empty() {
                    return Err(unusable("holds no certificate".to_owned()));
                }
                for certificate in &certificates {
                    roots.add(certificate.clone()).map_err(|error| {
                        unusable(format!("holds no usable certificate: {error}"))
                    })?;
                }
                named = certificates;
            }
        }
        Ok(Some(Trust { roots, named }))
    }
}

/// Who may vouch for the server.
#[derive(Debug)]
struct Trust {
    roots: RootCertStore,
    /// The same as whole certificates, where a file named them.
    named: Vec<CertificateDer<'static>>,
}

/// Looks at the server's certificate as far as `sslmode` asks for it.
#[derive(Debug)]
struct Verifier {
    trust: Option<Trust>,
    checks_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(trust) = &self.trust else {
            return Ok(ServerCertVerified::assertion());
        };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let chain = verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &trust.roots,
            intermediates,
            now,
            self.provider.signature_verification_algorithms.all,
        );
        match chain {
            // A certificate that signs itself may be its own authority, which webpki does not take for
            // a server's. It was named as it is; that it is of its time was looked at before.
            Err(Error::InvalidCertificate(CertificateError::Other(_)))
                if trust.named.iter().any(|named| named == end_entity) => {}
            other => other?,
        }
        if self.checks_name {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

    use super::*;

    /// A server's certificate for `db.example.com`, and the PEM of whoever vouches for it.
    struct Server {
        certificate: CertificateDer<'static>,
        vouches: String,
    }

    fn of_an_authority() -> Server {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let vouches = params.self_signed(&key).unwrap().pem();
        let authority = Issuer::new(params, key);
        let server = CertificateParams::new(vec!["db.example.com".to_owned()]).unwrap();
        let certificate = server.signed_by(&KeyPair::generate().unwrap(), &authority);
        Server {
            certificate: certificate.unwrap().der().clone(),
            vouches,
        }
    }

    fn signing_itself(is_ca: IsCa) -> Server {
        let mut params = CertificateParams::new(vec!["db.example.com".to_owned()]).unwrap();
        params.is_ca = is_ca;
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Server {
            certificate: certificate.der().clone(),
            vouches: certificate.pem(),
        }
    }

    /// Whether a connection with these parameters accepts the server under a name, and why not.
    fn accepts(
        mode: &str,
        trusted: Option<&Server>,
        server: &Server,
        host: &str,
    ) -> Result<(), Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let root = trusted.map(|trusted| {
            std::fs::write(file.path(), &trusted.vouches).unwrap();
            file.path().to_str().unwrap()
        });
        let verifier = Ssl::new(Some(mode), root).unwrap().verifier().unwrap();
        let host = ServerName::try_from(host.to_owned()).unwrap();
        let now = UnixTime::now();
        verifier
            .verify_server_cert(&server.certificate, &[], &host, &[], now)
            .map(|_| ())
    }

    fn reason(outcome: Result<(), Error>) -> CertificateError {
        match outcome {
            Err(Error::InvalidCertificate(reason)) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_mode_asks_as_much_as_it_does_with_libpq() {
        let (server, other) = (of_an_authority(), of_an_authority());
        for (mode, trusted, host, is_accepted) in [
            ("require", None, "elsewhere.example", true),
            ("require", Some(&server), "elsewhere.example", true),
            ("require", Some(&other), "db.example.com", false),
            ("verify-ca", Some(&server), "elsewhere.example", true),
            ("verify-ca", Some(&other), "db.example.com", false),
            ("verify-full", Some(&server), "db.example.com", true),
            ("verify-full", Some(&server), "elsewhere.example", false),
            ("verify-full", Some(&other), "db.example.com", false),
            ("verify-full", None, "db.example.com", false),
        ] {
            let outcome = accepts(mode, trusted, &server, host);
            assert_eq!(outcome.is_ok(), is_accepted, "{mode} {host}: {outcome:?}");
        }
    }

    #[test]
    fn a_certificate_that_signs_itself_may_be_named_itself() {
        for is_ca in [
            IsCa::NoCa,
            IsCa::ExplicitNoCa,
            IsCa::Ca(BasicConstraints::Unconstrained),
        ] {
            let server = signing_itself(is_ca);
            accepts("require", None, &server, "db.example.com").unwrap();
            accepts("verify-full", Some(&server), &server, "db.example.com").unwrap();
            let name = reason(accepts(
                "verify-full",
                Some(&server),
                &server,
                "other.example",
            ));
            assert!(
                matches!(name, CertificateError::NotValidForNameContext { .. }),
                "{name:?}"
            );
            let another = signing_itself(is_ca);
            accepts("verify-ca", Some(&another), &server, "db.example.com").unwrap_err();
        }
    }

    #[test]
    fn an_expired_certificate_is_refused_even_where_it_was_named() {
        let server = signing_itself(IsCa::Ca(BasicConstraints::Unconstrained));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &server.vouches).unwrap();
        let ssl = Ssl::new(Some("verify-ca"), file.path().to_str()).unwrap();
        let host = ServerName::try_from("db.example.com").unwrap();
        let late = UnixTime::since_unix_epoch(Duration::from_secs(70_000_000_000));
        let outcome =
            ssl.verifier()
                .unwrap()
                .verify_server_cert(&server.certificate, &[], &host, &[], late);
        let expired = reason(outcome.map(|_| ()));
        assert!(
            matches!(expired, CertificateError::ExpiredContext { .. }),
            "{expired:?}"
        );
    }

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        for (text, part) in [
            ("", "holds no certificate"),
            (
                "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
                "holds no usable certificate",
            ),
        ] {
            std::fs::write(path, text).unwrap();
            let ssl = Ssl::new(Some("verify-ca"), Some(path)).unwrap();
            let refusal = ssl.client().unwrap_err().to_string();
            assert!(
                refusal.contains(path) && refusal.contains(part),
                "{refusal}"
            );
        }
        let ssl = Ssl::new(Some("verify-ca"), Some("/nonexistent/ca.pem")).unwrap();
        let refusal = ssl.client().unwrap_err();
        assert!(
            refusal
                .to_string()
                .contains("`/nonexistent/ca.pem`, cannot be read"),
            "{refusal}"
        );
        assert!(refusal.mend().contains("PEM"));
    }
}
