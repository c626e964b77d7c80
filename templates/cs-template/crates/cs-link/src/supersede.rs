//! A project that a conda package contains and a wheel too.
//!
//! Names of conda packages and of projects differ, so this shows in `site-packages` only, when all packages are
//! there. The wheel counts, as in pixi: what the conda package's distribution lists is removed, as pip would do it.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::clobber::Claimant;
use crate::fault::Fault;
use crate::layout::Layout;
use crate::shared::{Shared, write_fault};
use crate::tree::Hand;
use crate::wheel::{from_site, normalize_name, read_rows};
use crate::{Clobbered, LinkError, Superseded};

/// What was removed.
#[derive(Default)]
pub(crate) struct Removed {
    pub(crate) superseded: Vec<Superseded>,
    pub(crate) lost: Vec<Clobbered>,
}

/// Remove what conda packages have of the projects that wheels have too.
pub(crate) fn supersede(shared: &Shared, hand: &mut Hand) -> Result<Removed, LinkError> {
    let mut removed = Removed::default();
    let Some(layout) = shared.layout else {
        return Ok(removed);
    };
    let wheels = find_wheels(shared);
    if wheels.is_empty() {
        return Ok(removed);
    }
    let site = shared.tree.full_path(&layout.site_packages);
    let fault = |error| write_fault(shared, &layout.site_packages, error);
    let names = list_names(&site).map_err(fault)?;
    for name in names {
        let found = project_of(&name).and_then(|project| wheels.get(&project));
        let path = format!("{}/{name}", layout.site_packages);
        if let Some((index, _)) = found.filter(|(_, own)| *own != path) {
            Removal {
                shared,
                hand,
                layout,
                wheel: *index,
                removed: &mut removed,
            }
            .remove(&path)
            .map_err(|fault| fault.of(&shared.job.packages[*index]))?;
        }
    }
    Ok(removed)
}

/// Index and `.dist-info` directory of each wheel by its project.
fn find_wheels(shared: &Shared) -> HashMap<String, (usize, String)> {
    let packages = shared.job.packages.iter().enumerate();
    let wheels = packages.filter_map(|(index, package)| {
        let record = shared.wheels.find(index)?;
        let (directory, _) = record.rsplit_once('/')?;
        Some((normalize_name(&package.name), (index, directory.to_owned())))
    });
    wheels.collect()
}

fn list_names(directory: &Path) -> io::Result<BTreeSet<String>> {
    let entries = fs::read_dir(directory)?;
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

/// The project that a `NAME-VERSION.dist-info` or `NAME-VERSION-pyX.Y.egg-info` is about.
fn project_of(name: &str) -> Option<String> {
    let stem = [".dist-info", ".egg-info"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))?;
    Some(normalize_name(stem.split('-').next().unwrap_or(stem)))
}

/// The removal of one distribution.
struct Removal<'a, 't> {
    shared: &'a Shared<'a>,
    hand: &'a mut Hand<'t>,
    layout: &'a Layout,
    wheel: usize,
    removed: &'a mut Removed,
}

impl Removal<'_, '_> {
    /// Remove the distribution that `path`, a directory or an `.egg-info` file, is about.
    fn remove(&mut self, path: &str) -> Result<(), Fault> {
        let mut paths = BTreeSet::new();
        self.list(path, &mut paths)?;
        self.list_rows(path, &mut paths)?;
        let modules: Vec<String> = paths
            .iter()
            .filter_map(|path| self.compiled(path))
            .collect();
        paths.extend(modules);
        let mut losers = BTreeSet::new();
        for path in &paths {
            losers.extend(self.take(path)?);
        }
        // Directories that are empty then; those further down first.
        let above = paths
            .iter()
            .flat_map(|path| path.match_indices('/').map(|(end, _)| &path[..end]));
        for directory in above.collect::<BTreeSet<_>>().into_iter().rev() {
            let _ = self.hand.remove_directory(directory);
        }
        self.hand.forget();
        let project = &self.shared.job.packages[self.wheel].name;
        self.removed
            .superseded
            .extend(losers.into_iter().map(|loser| Superseded {
                project: project.clone(),
                winner: self.wheel,
                loser,
            }));
        Ok(())
    }

    /// Everything under a path; links are not followed.
    fn list(&self, path: &str, paths: &mut BTreeSet<String>) -> Result<(), Fault> {
        let full = self.shared.tree.full_path(path);
        let fault = |error| write_fault(self.shared, path, error);
        if !fs::symlink_metadata(&full).map_err(fault)?.is_dir() {
            paths.insert(path.to_owned());
            return Ok(());
        }
        let names = list_names(&full).map_err(fault)?;
        names
            .iter()
            .try_for_each(|name| self.list(&format!("{path}/{name}"), paths))
    }

    /// What the distribution's RECORD lists, if it has one.
    fn list_rows(&mut self, path: &str, paths: &mut BTreeSet<String>) -> Result<(), Fault> {
        let record = format!("{path}/RECORD");
        if !paths.contains(&record) {
            return Ok(());
        }
        let mut text = Vec::new();
        self.hand
            .open_file(&record)
            .and_then(|mut file| file.read_to_end(&mut text))
            .map_err(|error| write_fault(self.shared, &record, error))?;
        let site = &self.layout.site_packages;
        let rows = read_rows(&text);
        paths.extend(rows.iter().filter_map(|row| from_site(site, &row.path)));
        Ok(())
    }

    /// Where the compiled file of a module is, which not every RECORD lists.
    fn compiled(&self, path: &str) -> Option<String> {
        let (directory, name) = path.rsplit_once('/')?;
        let stem = name.strip_suffix(".py")?;
        let tag = self.layout.cache_tag();
        Some(format!("{directory}/__pycache__/{stem}.{tag}.pyc"))
    }

    /// Remove a path if it is a conda package's; the package.
    fn take(&mut self, path: &str) -> Result<Option<usize>, Fault> {
        let claims = self.shared.claims;
        let Some(claimant) = claims
            .owner(path)
            .filter(|&claimant| self.is_conda(claimant))
        else {
            return Ok(None);
        };
        match self.hand.remove(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(write_fault(self.shared, path, error));
            }
            _ => claims.forfeit(path),
        }
        let loser = claims.package_of(claimant);
        self.removed.lost.push(Clobbered {
            path: path.to_owned(),
            winner: self.wheel,
            loser,
            to: path.to_owned(),
        });
        Ok(Some(loser))
    }

    fn is_conda(&self, claimant: Claimant) -> bool {
        let package = self.shared.claims.package_of(claimant);
        self.shared.job.packages[package].conda().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_in_the_name_of_what_describes_it() {
        for (name, project) in [
            ("six-1.17.0.dist-info", Some("six")),
            ("Zope.Interface-5.0-py3.11.egg-info", Some("zope-interface")),
            ("ruamel_yaml-0.1.dist-info", Some("ruamel-yaml")),
            ("plain.egg-info", Some("plain")),
            ("six.py", None),
            ("six", None),
        ] {
            assert_eq!(project_of(name).as_deref(), project, "{name}");
        }
    }
}
