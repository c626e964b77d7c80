//! Where package archives come from: a bundle that the user names, the one inside, the one beside, the network.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use cs_archive::{Archive, Archives, Chain, Queue, Wanted};
use cs_fetch::{Fetcher, Request};
use cs_stamp::{Layout, Part, Plan};

use crate::cli::arguments::BootstrapOptions;
use crate::cli::variables::name_variable;
use crate::context::Runtime;
use crate::locate::expand::expand_path;
use crate::say::error::Error;
use crate::say::phrases::{count, name_some};
use crate::say::progress::Counter;

/// Archives that are at hand, and which are still missing.
pub struct Supply {
    archives: Vec<Archive>,
    missing: Vec<usize>,
    /// The bundles that were opened, for messages.
    opened: Vec<String>,
}

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

/// Open the bundles that there are, in SPEC's order, until no archive is missing.
pub fn open_bundles(
    runtime: &Runtime,
    plan: &Plan,
    options: &BootstrapOptions,
    scratch: &Path,
    cancel: &AtomicBool,
) -> Result<Supply, Error> {
    let expected: Vec<Wanted> = plan.packages.iter().map(expect).collect();
    let mut supply = Supply {
        archives: Vec::new(),
        missing: (0..expected.len()).collect(),
        opened: Vec::new(),
    };
    for origin in list_origins(runtime, options)? {
        if supply.missing.is_empty() {
            break;
        }
        let bundle = origin.open(runtime, &expected, scratch, cancel)?;
        // What an online runtime carries is no bundle to be named: it holds what the network lacks, and nothing else.
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

fn expect(package: &cs_stamp::PlanPackage) -> Wanted {
    Wanted {
        file_name: package.file_name.clone(),
        sha256: package.sha256,
        size: package.size,
        url: package.url.clone(),
    }
}

fn list_origins(runtime: &Runtime, options: &BootstrapOptions) -> Result<Vec<Origin>, Error> {
    let named = named_bundle(runtime, options)?.map(|path| match path.is_dir() {
        true => Origin::Directory(path),
        false => Origin::File(path),
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
fn named_bundle(runtime: &Runtime, options: &BootstrapOptions) -> Result<Option<PathBuf>, Error> {
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

/// The bundle beside the executable, links resolved, if it is there.
pub fn find_sibling(runtime: &Runtime) -> Option<PathBuf> {
    let name = runtime.header.bundle_file_name.as_ref()?;
    let path = runtime.executable().parent()?.join(name);
    path.is_file().then_some(path)
}

impl Supply {
    /// Bytes of the archives at hand and of those to come, if all are known.
    pub fn total_bytes(&self, plan: &Plan) -> Option<u64> {
        let here: u64 = self
            .archives
            .iter()
            .map(|archive| archive.bytes.len())
            .sum();
        let sizes = self.missing.iter().map(|index| plan.packages[*index].size);
        Some(here + sizes.sum::<Option<u64>>()?)
    }

    /// The bundles that archives come from, for messages; empty when there is none.
    pub fn origins(&self) -> String {
        self.opened.join(" or ")
    }

    fn missing_names<'a>(&self, plan: &'a Plan) -> Vec<&'a str> {
        let name = |index: &usize| plan.packages[*index].file_name.as_str();
        self.missing.iter().map(name).collect()
    }

    /// Refuse when archives are missing that no network has, or the network is not to be used.
    pub fn check_network(
        &self,
        runtime: &Runtime,
        plan: &Plan,
        options: &BootstrapOptions,
    ) -> Result<(), Error> {
        self.check_local(runtime, plan)?;
        // Channels on this machine are not the network.
        let is_remote = |index: &usize| {
            let url = plan.packages[*index].url.as_ref();
            url.is_some_and(|url| !url.starts_with("file:"))
        };
        match forbids_network(runtime, options) {
            Some(why) if self.missing.iter().any(is_remote) => {
                Err(self.refuse_network(runtime, &self.missing_names(plan), why))
            }
            _ => Ok(()),
        }
    }

    /// Refuse when local archives are missing.
    fn check_local(&self, runtime: &Runtime, plan: &Plan) -> Result<(), Error> {
        let missing = self.missing.iter().map(|index| &plan.packages[*index]);
        let local = missing.filter(|package| package.url.is_none());
        let names: Vec<&str> = local.map(|package| package.file_name.as_str()).collect();
        if names.is_empty() {
            return Ok(());
        }
        Err(Error::Local {
            names: name_some(&names),
            hint: self.hint_bundle(runtime),
        })
    }

    /// How to name a bundle.
    fn hint_bundle(&self, runtime: &Runtime) -> String {
        let beside = match &runtime.header.bundle_file_name {
            Some(name) => format!(
                "Put {name} beside {}, or name",
                runtime.executable().display()
            ),
            None => "Name".to_owned(),
        };
        format!(
            "{beside} a complete bundle with `{} bootstrap --bundle PATH`",
            runtime.own_command()
        )
    }

    /// Turn into a supplier for the linker. What is missing is downloaded.
    pub fn complete(
        self,
        runtime: &Runtime,
        plan: &Plan,
        scratch: &Path,
        counter: &Arc<Counter>,
        cancel: &Arc<AtomicBool>,
    ) -> Result<Box<dyn Archives>, Error> {
        if self.missing.is_empty() {
            return Ok(Box::new(Queue::new(self.archives)));
        }
        if !self.opened.is_empty() {
            let names = self.missing_names(plan);
            runtime.voice.note(&format!(
                "{} not in {}: {}; downloading",
                count(names.len(), "package"),
                self.origins(),
                name_some(&names)
            ));
        }
        let fetcher = start_downloads(runtime, plan, &self.missing, scratch, counter, cancel)?;
        Ok(Box::new(Chain(Queue::new(self.archives), fetcher)))
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
            hint: format!("{}, or allow the network.", self.hint_bundle(runtime)),
        }
    }
}

/// Who forbids the network, if anybody does.
fn forbids_network(runtime: &Runtime, options: &BootstrapOptions) -> Option<String> {
    if options.is_offline {
        return Some("--offline".to_owned());
    }
    let variable = name_variable(&runtime.header.runtime, "OFFLINE");
    runtime.variables.is_offline.then_some(variable)
}

fn start_downloads(
    runtime: &Runtime,
    plan: &Plan,
    missing: &[usize],
    scratch: &Path,
    counter: &Arc<Counter>,
    cancel: &Arc<AtomicBool>,
) -> Result<Fetcher, Error> {
    let mut requests: Vec<Request> = missing
        .iter()
        .filter_map(|&index| request(index, &plan.packages[index]))
        .collect();
    requests.sort_by_key(|request| std::cmp::Reverse(request.size.unwrap_or(u64::MAX)));
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
    counter.expect_downloads(missing);
    Ok(cs_fetch::fetch(requests, options, Arc::clone(cancel))?)
}

/// What to download; nothing for a local archive.
fn request(index: usize, package: &cs_stamp::PlanPackage) -> Option<Request> {
    Some(Request {
        index,
        url: package.url.clone()?,
        sha256: package.sha256,
        size: package.size,
    })
}
