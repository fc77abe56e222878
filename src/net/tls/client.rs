//! TLS towards other servers.

use super::{Error, provider};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use rustls_platform_verifier::BuilderVerifierExt as _;
use std::{io::ErrorKind, sync::Arc};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Encrypts without asking who is at the other end, as SMTP between servers does (RFC 7435): an active attacker is not
/// kept out, a listener is. To be made once and shared, so that sessions resume.
///
/// # Errors
/// [`Error::Tls`] when the TLS library has no protocol version to offer.
pub fn opportunistic() -> Result<Arc<ClientConfig>, Error> {
    let provider = provider();
    let verifier = Arc::new(AnyCertificate(provider.clone()));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Verifies the other end against the roots of this system, as for a smarthost that gets a password.
///
/// # Errors
/// [`Error::Tls`] when the system has no usable roots.
pub fn verified() -> Result<Arc<ClientConfig>, Error> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(Error::Tls)?
        .with_platform_verifier()
        .map_err(Error::Tls)?
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Begins TLS as the client. `host` is the name asked for (SNI) and, with [`verified`], the name checked. The caller sets
/// the deadline.
///
/// # Errors
/// `InvalidInput` when `host` is no name or address; otherwise those of the handshake.
pub async fn connect<S>(config: Arc<ClientConfig>, host: &str, stream: S) -> std::io::Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = ServerName::try_from(host.trim_end_matches('.').to_owned())
        .map_err(|error| std::io::Error::new(ErrorKind::InvalidInput, format!("{host}: {error}")))?;
    TlsConnector::from(config).connect(name, stream).await
}

/// Takes any certificate, but insists that the other end has its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
