//! An archive that a caller asks for.

/// What the lock says of one package archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its file name: `name-version-build.conda` or `.tar.bz2`.
    pub file_name: String,
    /// SHA-256 of the whole archive.
    pub sha256: [u8; 32],
    /// Its size in bytes, when the lock knows it.
    pub size: Option<u64>,
    /// Where it can be downloaded, without credentials: an `https://`, `http://`, `oci://` or
    /// `file://` URL, or a plain path. `None` for a local archive, which comes with the runtime.
    pub url: Option<String>,
}
