//! The plan: the packages of this platform, in install order.

use std::collections::HashSet;

use serde::Deserialize;

use crate::PlanPackage;
use crate::header::{check_file_name, check_line};
use crate::json::{self, Flaw};

/// Versions of the schema: of plans without wheels, and of those with some.
const SCHEMA_VERSIONS: [i64; 2] = [1, 2];

/// What a first run installs.
#[derive(Debug, Deserialize)]
pub struct Plan {
    /// Version of this schema: 2 if there are wheels, else 1.
    pub schema_version: i64,
    /// The conda subdir that the packages are for.
    pub platform: String,
    /// Match specs that the workspace asks for.
    pub requested_specs: Vec<String>,
    /// The Python among the packages.
    #[serde(deserialize_with = "json::optional_object")]
    pub python: Option<PlanPython>,
    /// Dependencies before dependents, and wheels after all conda packages.
    pub packages: Vec<PlanPackage>,
    /// What the packages ask of the machine.
    #[serde(default, deserialize_with = "json::objects")]
    pub requirements: Vec<PlanRequirement>,
}

/// What a package asks of the machine: a virtual package of conda.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PlanRequirement {
    /// The package that asks.
    pub package: String,
    /// The match spec by which it asks.
    pub spec: String,
    /// The virtual package, `__glibc`.
    pub name: String,
    /// Whether a machine without it does not do.
    pub is_needed: bool,
    /// Comparisons that all have to hold, `>=2.28`.
    pub versions: Vec<String>,
    /// Lowest level of the x86-64 architecture.
    #[serde(deserialize_with = "Option::deserialize")]
    pub x86_64_level: Option<u8>,
}

/// The Python that noarch packages meet in the prefix.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PlanPython {
    /// Its version, `3.11.7`.
    pub version: String,
    /// Its site-packages directory, relative to the prefix.
    pub site_packages_path: String,
}

impl Plan {
    /// Parse and check a plan.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Flaw> {
        json::check_schema(bytes, &SCHEMA_VERSIONS)?;
        let plan: Self = json::parse(bytes)?;
        check_file_name("platform", &plan.platform)?;
        if let Some(python) = &plan.python {
            check_site_packages(&python.site_packages_path)?;
        }
        for (index, package) in plan.packages.iter().enumerate() {
            package.check(&format!("packages[{index}]"))?;
        }
        for (index, requirement) in plan.requirements.iter().enumerate() {
            requirement.check(&format!("requirements[{index}]"))?;
        }
        plan.check_agreement()?;
        Ok(plan)
    }

    /// Those of the packages that are wheels; they come last.
    pub fn wheels(&self) -> &[PlanPackage] {
        &self.packages[self.count_conda()..]
    }

    /// Whether a conda package of this name is among the packages.
    pub fn has_conda(&self, name: &str) -> bool {
        let mut packages = self.packages.iter();
        packages.any(|package| !package.is_wheel() && package.name == name)
    }

    fn count_conda(&self) -> usize {
        self.packages
            .iter()
            .take_while(|package| !package.is_wheel())
            .count()
    }

    /// Whether the packages are in order, each name is there once, and the rest of the plan fits them.
    fn check_agreement(&self) -> Result<(), String> {
        let (conda, wheels) = self.packages.split_at(self.count_conda());
        let schema_version = SCHEMA_VERSIONS[usize::from(!wheels.is_empty())];
        if self.schema_version != schema_version {
            return Err(format!(
                "its schema_version is {}, and should be {schema_version} for these packages",
                self.schema_version
            ));
        }
        if !wheels.iter().all(PlanPackage::is_wheel) {
            return Err("a conda package comes after a wheel".to_owned());
        }
        if !wheels.is_empty() && self.python.is_none() {
            return Err("it has wheels, and no Python".to_owned());
        }
        check_names(conda)?;
        check_names(wheels)
    }
}

/// Refuse packages of one kind of which two have one name.
fn check_names(packages: &[PlanPackage]) -> Result<(), String> {
    let mut names = HashSet::new();
    match packages.iter().find(|package| !names.insert(&package.name)) {
        None => Ok(()),
        Some(package) => Err(format!("there are two packages named {:?}", package.name)),
    }
}

impl PlanRequirement {
    fn check(&self, key: &str) -> Result<(), String> {
        check_file_name(&format!("{key}.package"), &self.package)?;
        check_file_name(&format!("{key}.name"), &self.name)?;
        check_line(&format!("{key}.spec"), &self.spec)?;
        if let Some(text) = self.versions.iter().find(|text| !is_comparison(text)) {
            return Err(format!(
                "{key}.versions has {text:?}, which is not a comparison"
            ));
        }
        match self.x86_64_level {
            None | Some(2..=4) => Ok(()),
            Some(level) => Err(format!("{key}.x86_64_level is {level}, not 2, 3 or 4")),
        }
    }
}

/// Whether a text is an operator and a version of one to eight whole numbers.
fn is_comparison(text: &str) -> bool {
    let is_number = |part: &str| {
        (1..=9).contains(&part.len()) && part.bytes().all(|mark| mark.is_ascii_digit())
    };
    let version = text
        .strip_prefix(['<', '>'])
        .map(|rest| rest.strip_prefix('=').unwrap_or(rest));
    version
        .is_some_and(|version| version.split('.').all(is_number) && version.split('.').count() <= 8)
}

/// Refuse a path that leads out of the prefix.
fn check_site_packages(path: &str) -> Result<(), String> {
    let leads_out = path.is_empty()
        || path.starts_with('/')
        || path.contains('\\')
        || path.split('/').any(|name| name == "..");
    if leads_out {
        Err(format!(
            "python.site_packages_path is {path:?}, which is not in the prefix"
        ))
    } else {
        Ok(())
    }
}
