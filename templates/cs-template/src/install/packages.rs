//! The plan of a stamp in the linker's words.

use cs_link::{Conda, Format, Noarch, Package, Python};
use cs_stamp::{Plan, PlanNoarch, PlanPackage};

/// All packages, same indices.
pub fn convert_packages(plan: &Plan) -> Vec<Package> {
    plan.packages.iter().map(convert_package).collect()
}

/// The Python of the plan.
pub fn convert_python(plan: &Plan) -> Option<Python> {
    plan.python.as_ref().map(|python| Python {
        version: python.version.clone(),
        site_packages_path: python.site_packages_path.clone(),
    })
}

fn convert_package(package: &PlanPackage) -> Package {
    Package {
        name: package.name.clone(),
        version: package.version.clone(),
        archive: package.wanted(),
        format: Format::Conda(Conda {
            build: package.build.clone(),
            subdir: package.subdir.clone(),
            noarch: match package.noarch {
                None => Noarch::None,
                Some(PlanNoarch::Generic) => Noarch::Generic,
                Some(PlanNoarch::Python) => Noarch::Python,
            },
            requested_spec: package.requested_spec.clone(),
            record: package.record.clone(),
        }),
    }
}
