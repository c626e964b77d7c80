//! Where package archives come from: a bundle that the user names, the one inside, the one next to the executable, the
//! network.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use cs_archive::{Archive, Chain, Queue, Wanted};
use cs_fetch::Fetcher;
use cs_stamp::{Layout, Part, Plan, PlanPackage};

use crate::cli::arguments::BootstrapOptions;
use crate::cli::variables::name_variable;
use crate::context::Runtime;
use crate::locate::expand::expand_path;
use crate::say::error::{BundlePlace, Error};
use crate::say::phrases::{count, name_some};
use crate::say::progress::Counter;

/// Archives that are available, and those that are still missing.
pub struct Supply {
    /// Those of all packages, same indices.
    wanted: Vec<Wanted>,
    archives: Vec<Archive>,
    missing: Vec<usize>,
    /// The bundles that were opened, for messages.
    opened: Vec<String>,
}

/// The available archives, then the downloaded ones.
pub type Suppliers = Chain<Fetcher>;

/// One place to look for a bundle.
enum Origin {
    Directory(PathBuf),
    File(PathBuf),
    Embedded { offset: u64, length: u64 },
}

impl Origin {
    fn describe(&self) -> String {
        match self {
            Self::Directory(path) | Self::File(path) => path.display().to_string(),
            Self::Embedded { .. } => "the embedded bundle".to_owned(),
        }
    }

    fn open(
        &self,
        runtime: &Runtime,
        expected: &[Wanted],
        scratch: &Path,
        cancel: &AtomicBool,
    ) -> Result<Vec<Archive>, Error> {
        Ok(match self {
            Self::Directory(path) => cs_bundle::open_directory(path, expected)?,
            Self::File(path) => cs_bundle::open_file(path, expected, scratch, cancel)?,
            Self::Embedded { offset, length } => {
                let file = runtime.stamp.file().try_clone().map_err(|source| {
                    cs_bundle::BundleError::Open {
                        path: runtime.executable(),
                        source,
                    }
                })?;
                cs_bundle::open_embedded(file, *offset, *length, expected)?
            }
        })
    }
}

/// Open the existing bundles, in the order of `docs/reference/runtime.md`, until no archive is missing.
pub fn open_bundles(
    runtime: &Runtime,
    plan: &Plan,
    options: &BootstrapOptions,
    scratch: &Path,
    cancel: &AtomicBool,
) -> Result<Supply, Error> {
    let wanted = |package: &PlanPackage| package.archive.clone();
    let mut supply = Supply {
        wanted: plan.packages.iter().map(wanted).collect(),
        archives: Vec::new(),
        missing: (0..plan.packages.len()).collect(),
        opened: Vec::new(),
    };
    for origin in list_origins(runtime, options)? {
        if supply.missing.is_empty() {
            break;
        }
        let bundle = origin.open(runtime, &supply.wanted, scratch, cancel)?;
        // What an online runtime carries is not a bundle to be named: it has only what the network lacks.
        if !(matches!(origin, Origin::Embedded { .. }) && runtime.header.layout == Layout::Online) {
            supply.opened.push(origin.describe());
        }
        let is_missing = |archive: &Archive| supply.missing.binary_search(&archive.index).is_ok();
        let found: Vec<Archive> = bundle.into_iter().filter(is_missing).collect();
        supply
            .missing
            .retain(|index| found.iter().all(|archive| archive.index != *index));
        supply.archives.extend(found);
    }
    Ok(supply)
}

fn list_origins(runtime: &Runtime, options: &BootstrapOptions) -> Result<Vec<Origin>, Error> {
    let named = named_bundle(runtime, options)?.map(|path| {
        if path.is_dir() {
            Origin::Directory(path)
        } else {
            Origin::File(path)
        }
    });
    let part = runtime.stamp.part(Part::Bundle);
    let embedded = (part.length > 0).then_some(Origin::Embedded {
        offset: part.offset,
        length: part.length,
    });
    let sibling = find_sibling(runtime).map(Origin::File);
    Ok([named, embedded, sibling].into_iter().flatten().collect())
}

/// The bundle that the user names by an option or a variable, if any.
pub fn named_bundle(
    runtime: &Runtime,
    options: &BootstrapOptions,
) -> Result<Option<PathBuf>, Error> {
    let variable = || name_variable(&runtime.header.runtime, "BUNDLE");
    let named = match (&options.bundle, &runtime.variables.bundle) {
        (Some(path), _) => (path, "--bundle".to_owned()),
        (None, Some(path)) => (path, variable()),
        (None, None) => return Ok(None),
    };
    let (path, named_by) = named;
    let lookup = |name: &str| std::env::var_os(name);
    match expand_path(path.as_os_str(), &lookup) {
        Ok(expanded) => Ok(Some(expanded.into())),
        Err(reason) => Err(Error::BundlePath {
            path: path.clone(),
            named_by,
            reason,
        }),
    }
}

/// The bundle next to the executable, links resolved, if it is there.
pub fn find_sibling(runtime: &Runtime) -> Option<PathBuf> {
    let name = runtime.header.bundle_file_name.as_ref()?;
    let path = runtime.executable().parent()?.join(name);
    path.is_file().then_some(path)
}

impl Supply {
    /// Bytes of the archives that are here and of those to come, if all are known.
    pub fn total_bytes(&self) -> Option<u64> {
        let here: u64 = self
            .archives
            .iter()
            .map(|archive| archive.bytes.len())
            .sum();
        let sizes = self.missing().map(|wanted| wanted.size);
        Some(here + sizes.sum::<Option<u64>>()?)
    }

    /// The bundles that archives come from, for messages; may be empty.
    pub fn origins(&self) -> String {
        self.opened.join(" or ")
    }

    fn missing(&self) -> impl Iterator<Item = &Wanted> {
        self.missing.iter().map(|&index| &self.wanted[index])
    }

    fn missing_names(&self) -> Vec<&str> {
        self.missing()
            .map(|wanted| wanted.file_name.as_str())
            .collect()
    }

    /// Refuse when archives are missing that no network has, or the network is not to be used.
    pub fn check_network(
        &self,
        runtime: &Runtime,
        options: &BootstrapOptions,
    ) -> Result<(), Error> {
        self.check_local(runtime)?;
        // Channels on this machine are not the network.
        let is_remote = |wanted: &Wanted| {
            let url = wanted.url.as_ref();
            url.is_some_and(|url| !url.starts_with("file:"))
        };
        match forbids_network(runtime, options) {
            Some(why) if self.missing().any(is_remote) => {
                Err(self.refuse_network(runtime, &self.missing_names(), why))
            }
            _ => Ok(()),
        }
    }

    /// Refuse when local archives are missing.
    fn check_local(&self, runtime: &Runtime) -> Result<(), Error> {
        let local = self.missing().filter(|wanted| wanted.url.is_none());
        let names: Vec<&str> = local.map(|wanted| wanted.file_name.as_str()).collect();
        if names.is_empty() {
            return Ok(());
        }
        Err(Error::Local {
            names: name_some(&names),
            bundle: Box::new(name_place(runtime)),
        })
    }

    /// Turn into a supplier for the linker. What is missing is downloaded.
    pub fn complete(
        self,
        runtime: &Runtime,
        scratch: &Path,
        counter: &Arc<Counter>,
        cancel: &Arc<AtomicBool>,
    ) -> Result<Suppliers, Error> {
        if self.missing.is_empty() {
            return Ok(Chain(Queue::new(self.archives), None));
        }
        if !self.opened.is_empty() {
            let names = self.missing_names();
            runtime.voice.note(&format!(
                "{} not in {}: {}; downloading",
                count(names.len(), "package"),
                self.origins(),
                name_some(&names)
            ));
        }
        counter.expect_downloads(&self.missing);
        let wanted = self
            .missing
            .iter()
            .map(|&index| (index, self.wanted[index].clone()));
        let options = download_options(runtime, scratch, counter);
        let fetcher = cs_fetch::fetch(wanted.collect(), options, Arc::clone(cancel))?;
        Ok(Chain(Queue::new(self.archives), Some(fetcher)))
    }

    fn refuse_network(&self, runtime: &Runtime, names: &[&str], why: String) -> Error {
        let place = match self.opened.as_slice() {
            [] => "there is no bundle to install from".to_owned(),
            opened => format!(
                "{} of {} needed are not in {}: {}",
                names.len(),
                count(names.len() + self.archives.len(), "package"),
                opened.join(" or "),
                name_some(names)
            ),
        };
        Error::Offline {
            what: place,
            why,
            bundle: Box::new(name_place(runtime)),
        }
    }
}

/// Where a bundle can be put.
fn name_place(runtime: &Runtime) -> BundlePlace {
    let name = runtime.header.bundle_file_name.clone();
    BundlePlace {
        beside: name.map(|name| (name, runtime.executable())),
        own: runtime.own_command(),
    }
}

/// What forbids the network, if anything does.
fn forbids_network(runtime: &Runtime, options: &BootstrapOptions) -> Option<String> {
    if options.is_offline {
        return Some("--offline".to_owned());
    }
    let variable = name_variable(&runtime.header.runtime, "OFFLINE");
    runtime.variables.is_offline.then_some(variable)
}

fn download_options(
    runtime: &Runtime,
    scratch: &Path,
    counter: &Arc<Counter>,
) -> cs_fetch::Options {
    let mut options = cs_fetch::Options::new(scratch);
    let (counted, voice) = (Arc::clone(counter), runtime.voice.clone());
    options.progress = Some(Arc::new(move |_, bytes| counted.add_download(bytes)));
    options.events = Some(Arc::new(move |event| match event {
        cs_fetch::Event::Retry {
            url,
            attempt,
            wait,
            reason,
            ..
        } => voice.detail(&format!(
            "attempt {attempt} at {url} failed ({reason}); trying again in {:.1} s",
            wait.as_secs_f64()
        )),
        cs_fetch::Event::Pause { wait, reason } => {
            voice.note(&format!(
                "waiting {} s: {reason}",
                wait.as_secs_f64().ceil()
            ));
        }
        cs_fetch::Event::Warning(text) => voice.warn(text),
    }));
    options
}
