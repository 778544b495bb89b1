//! A server with TLS and a certificate of its own authority: for tests of fetching over HTTPS.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "each test binary uses its part, and tests fail by panicking"
)]

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crawldeck::settings::FetchSettings;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use url::Url;

/// A server with a certificate for `secure.test`, issued by its own authority.
pub struct Secure {
    /// The URL of the server, with that name.
    pub url: Url,
    /// The certificate of the authority, PEM.
    pub authority: String,
    /// The protocol of each connection.
    spoken: Arc<Mutex<Vec<String>>>,
}

impl Secure {
    /// Serves each connection with `serve`, which receives its number, from 1, and its protocol.
    pub async fn start<F, S>(protocols: &[&str], serve: S) -> Self
    where
        S: Fn(TlsStream<TcpStream>, usize, String) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["secure.test".into()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self {
            url: Url::parse(&format!("https://secure.test:{port}/")).unwrap(),
            authority,
            spoken: Arc::default(),
        };
        let (spoken, serve) = (server.spoken.clone(), Arc::new(serve));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, spoken, serve) = (acceptor.clone(), spoken.clone(), serve.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let protocol = stream.get_ref().1.alpn_protocol().unwrap_or(b"none").to_vec();
                    let protocol = String::from_utf8(protocol).unwrap();
                    let number = {
                        let mut spoken = spoken.lock().unwrap();
                        spoken.push(protocol.clone());
                        spoken.len()
                    };
                    serve(stream, number, protocol).await;
                });
            }
        });
        server
    }

    pub fn spoken(&self) -> Vec<String> {
        self.spoken.lock().unwrap().clone()
    }

    /// The settings that reach such a server, with `ca` trusted.
    pub fn settings(ca: Option<&Path>) -> FetchSettings {
        FetchSettings {
            resolve: vec![("secure.test".into(), "127.0.0.1".parse().unwrap())],
            ca: ca.map(Into::into),
            ..FetchSettings::default()
        }
    }

    /// A file with the certificate of the authority, among others.
    pub fn ca(&self, folder: &TempDir) -> std::path::PathBuf {
        let other = rcgen::generate_simple_self_signed(vec!["a.test".into()]).unwrap().cert.pem();
        let path = folder.path().join("ca.pem");
        fs::write(&path, format!("# two of them\n{other}\n{}", self.authority)).unwrap();
        path
    }
}
