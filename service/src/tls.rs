//! TLS for whatever speaks it over HTTP.

/// Let whatever speaks TLS in this process, and brings no cryptography of its own, take the one that
/// the database's connections have. A process that makes an HTTP client of its own calls it before;
/// what is set already stays.
pub fn install() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
