//! The plan of a stamp in the linker's words.

use cs_link::{Conda, Format, Noarch, Package, Python, Wheel};
use cs_stamp::{Plan, PlanConda, PlanFormat, PlanNoarch, PlanPackage};

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
        archive: package.archive.clone(),
        format: match &package.format {
            PlanFormat::Conda(conda) => Format::Conda(convert_conda(conda)),
            PlanFormat::Wheel(wheel) => Format::Wheel(Wheel {
                direct_url: wheel.direct_url.clone(),
            }),
        },
    }
}

fn convert_conda(conda: &PlanConda) -> Conda {
    Conda {
        build: conda.build.clone(),
        subdir: conda.subdir.clone(),
        noarch: match conda.noarch {
            None => Noarch::None,
            Some(PlanNoarch::Generic) => Noarch::Generic,
            Some(PlanNoarch::Python) => Noarch::Python,
        },
        requested_spec: conda.requested_spec.clone(),
        record: conda.record.clone(),
    }
}
