//! HTTP version and TLS trust of connections.

use super::Failure;
use crate::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};

/// Certificates that are accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Certificates that this system trusts.
    #[default]
    System,
    /// Certificates signed by an authority in this PEM file only.
    Authority(PathBuf),
    /// Any certificate: the connection is encrypted, its peer is not authenticated.
    Any,
}

/// HTTP version and TLS configuration.
#[derive(Clone, Debug, Default)]
pub struct Transport {
    /// Whether connections speak HTTP/2 only.
    pub http2: bool,
    tls: Option<Arc<ClientConfig>>,
}

impl Transport {
    /// Returns a transport for `http://` URLs.
    pub fn plain(http2: bool) -> Self {
        Self { http2, tls: None }
    }

    /// Returns a transport for `http://` and `https://` URLs.
    ///
    /// # Errors
    /// If the certificates to trust cannot be read.
    pub fn secured(http2: bool, trust: &Trust) -> Result<Self, Error> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Usage(error.to_string()))?;
        let mut config = match trust {
            Trust::System => builder.with_root_certificates(system()?),
            Trust::Authority(path) => builder.with_root_certificates(authority(path)?),
            Trust::Any => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AcceptAny(provider))),
        }
        .with_no_client_auth();
        // Offers only the HTTP version that the user selected. A server without it fails, rather
        // than being measured over the other version.
        config.alpn_protocols = vec![if http2 {
            b"h2".into()
        } else {
            b"http/1.1".into()
        }];
        Ok(Self {
            http2,
            tls: Some(Arc::new(config)),
        })
    }

    /// Returns whether `https://` URLs can be used.
    pub fn is_secured(&self) -> bool {
        self.tls.is_some()
    }

    /// Does the TLS handshake with the server `name` over `stream`.
    ///
    /// # Errors
    /// If the handshake fails, or the certificate is not accepted.
    pub async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        name: ServerName<'static>,
        stream: S,
    ) -> Result<TlsStream<S>, Failure> {
        let config = self.tls.clone().ok_or(Failure::Tls)?;
        let connecting = TlsConnector::from(config).connect(name, stream);
        let stream = connecting
            .await
            .map_err(|error| Failure::securing(&error))?;
        let spoken = stream.get_ref().1.alpn_protocol();
        match self.http2 && spoken != Some(b"h2") {
            true => Err(Failure::NoHttp2),
            false => Ok(stream),
        }
    }
}

fn system() -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    store.add_parsable_certificates(found.certs);
    match store.is_empty() {
        false => Ok(store),
        true => Err(Error::Usage(
            "this system has no certificate authorities: install ca-certificates, or give --ca FILE or --insecure"
                .into(),
        )),
    }
}

fn authority(path: &Path) -> Result<RootCertStore, Error> {
    let refuse = |reason: &dyn ToString| {
        Error::Usage(format!(
            "cannot use --ca {}: {}; it should hold a certificate in PEM, beginning with -----BEGIN CERTIFICATE-----",
            path.display(),
            reason.to_string()
        ))
    };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| refuse(&error))?;
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| refuse(&error))?;
        store.add(certificate).map_err(|error| refuse(&error))?;
    }
    match store.is_empty() {
        false => Ok(store),
        true => Err(refuse(&"there is no certificate in it")),
    }
}

/// Verifier for `--insecure`: accepts every certificate, but verifies handshake signatures.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_a_file_without_certificates_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in ["", "nonsense", broken] {
            std::fs::write(&path, text).unwrap();
            let refusal = Transport::secured(false, &Trust::Authority(path.clone())).unwrap_err();
            let text = refusal.to_string();
            assert!(text.contains("ca.pem") && text.contains("PEM"), "{text}");
        }
        let nowhere = Trust::Authority("/no/such/file".into());
        assert!(Transport::secured(false, &nowhere).unwrap_err().is_usage());
    }

    #[test]
    fn offers_only_the_selected_http_version() {
        let offered = |http2| {
            let transport = Transport::secured(http2, &Trust::Any).unwrap();
            transport.tls.unwrap().alpn_protocols.clone()
        };
        assert_eq!(offered(false), [b"http/1.1"]);
        assert_eq!(offered(true), [b"h2"]);
    }
}
