//! A download that has been asked for.

use cs_archive::Wanted;
use url::Url;

use crate::error::FetchError;

/// An archive that has to come over the network.
#[derive(Debug)]
pub(crate) struct Request {
    /// Index into the job's packages.
    pub(crate) index: usize,
    /// What must come.
    pub(crate) wanted: Wanted,
    /// Where its channel has it.
    pub(crate) url: Url,
}

impl Request {
    /// Refuse what has no address that downloads can use.
    pub(crate) fn new(index: usize, wanted: Wanted) -> Result<Self, FetchError> {
        let refuse = |reason| FetchError::Url {
            file_name: wanted.file_name.clone(),
            reason,
        };
        let url = Url::parse(wanted.url.as_deref().unwrap_or_default())
            .map_err(|error| refuse(format!("its address is not a valid URL ({error})")))?;
        match url.scheme() {
            "http" | "https" | "oci" => Ok(Self { index, wanted, url }),
            scheme => Err(refuse(format!(
                "addresses that start with {scheme}: are not supported"
            ))),
        }
    }
}
