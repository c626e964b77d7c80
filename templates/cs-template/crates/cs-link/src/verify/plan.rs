//! Whether the records are those of the packages that were to be installed.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::difference::{Change, Difference};
use crate::record::{compose_fields, record_path};
use crate::wheel::normalize_name;
use crate::{Conda, Package, Seals};

/// The packages of a plan, by what their records are called.
pub(super) struct Planned<'a> {
    conda: HashMap<String, (&'a Package, &'a Conda)>,
    wheels: Vec<&'a Package>,
}

impl<'a> Planned<'a> {
    pub(super) fn new(packages: &'a [Package]) -> Self {
        let (mut conda, mut wheels) = (HashMap::new(), Vec::new());
        for package in packages {
            match package.conda() {
                Some(facts) => {
                    // One without a valid name has not been installed either.
                    if let Ok(record) = record_path((package, facts)) {
                        conda.insert(record, (package, facts));
                    }
                }
                None => wheels.push(package),
            }
        }
        Self { conda, wheels }
    }

    /// The packages whose records have no seal, and the sealed records that are not of the plan.
    pub(super) fn find_unsealed(&self, seals: &Seals) -> Vec<Difference> {
        let wheels = self.wheels.iter();
        let mut wheels: HashSet<(String, &str)> = wheels
            .map(|wheel| (wheel.name.clone(), &*wheel.version))
            .collect();
        let mut differences = Vec::new();
        for record in seals.keys() {
            let is_wheel = parse_wheel(record).is_some_and(|wheel| wheels.remove(&wheel));
            if !self.conda.contains_key(record) && !is_wheel {
                let why = "it is not of a package of this runtime".to_owned();
                differences.push(Difference::of_record(record, Change::Record(why)));
            }
        }
        let conda = self.conda.keys().filter(|one| !seals.contains_key(*one));
        let lacking = wheels
            .iter()
            .map(|(name, version)| format!("{name}-{version}.dist-info/RECORD"));
        let missing = conda.cloned().chain(lacking);
        differences.extend(missing.map(|record| Difference::of_record(&record, Change::Missing)));
        differences
    }

    /// What a record of conda's says otherwise than the plan.
    pub(super) fn find_contradiction(
        &self,
        record: &str,
        stored: &Map<String, Value>,
    ) -> Option<String> {
        let planned = compose_fields(*self.conda.get(record)?).ok()?;
        let mut keys = planned.keys().chain(stored.keys());
        let key = keys.find(|key| planned.get(*key) != stored.get(*key))?;
        Some(format!("its {key:?} is not what the runtime's plan says"))
    }
}

/// Name in normal form and version of the wheel that a RECORD is of.
fn parse_wheel(record: &str) -> Option<(String, &str)> {
    let path = record.strip_suffix(".dist-info/RECORD")?;
    let stem = path.rsplit('/').next().unwrap_or(path);
    let (name, version) = stem.split_once('-')?;
    Some((normalize_name(name), version))
}
