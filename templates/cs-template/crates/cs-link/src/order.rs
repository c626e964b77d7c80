//! Which of several packages has more right to a path that all of them hold.
//!
//! The order is that of `PackageRecord::sort_topologically` in rattler_conda_types, so that of
//! two packages the same one wins as with rattler and pixi: dependencies first, and where they
//! leave a choice the names decide, in an order that falls out of how the graph is walked.
//! Circles are cut where rattler cuts them, in front of noarch packages where they have one.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use crate::{Noarch, Package};

#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    depends: Vec<String>,
}

/// Indices of `packages`, those first whose files give way: conda packages, then wheels as they are listed.
pub(crate) fn order_packages(packages: &[Package]) -> Vec<usize> {
    let mut graph = Graph::new(packages);
    graph.cut_circles();
    let mut order = graph.walk();
    let is_wheel = |index: &usize| packages[*index].conda().is_none();
    order.retain(|index| !is_wheel(index));
    order.extend((0..packages.len()).filter(is_wheel));
    order
}

struct Graph<'a> {
    packages: &'a [Package],
    /// Of each package, the packages that it needs, as its record lists them.
    needs: Vec<Vec<usize>>,
}

impl<'a> Graph<'a> {
    fn new(packages: &'a [Package]) -> Self {
        let by_name: HashMap<String, usize> = packages
            .iter()
            .enumerate()
            .filter(|(_, package)| package.conda().is_some())
            .map(|(index, package)| (package.name.to_ascii_lowercase(), index))
            .collect();
        let needs = packages
            .iter()
            .map(|package| {
                let record: Option<Record> = package
                    .conda()
                    .and_then(|conda| serde_json::from_str(conda.record.get()).ok());
                let depends = record.map(|record| record.depends).unwrap_or_default();
                depends
                    .iter()
                    .filter_map(|spec| by_name.get(&name_of(spec)).copied())
                    .collect()
            })
            .collect();
        Self { packages, needs }
    }

    fn sort_by_name(&self, indices: &mut [usize]) {
        indices.sort_by_key(|&index| &self.packages[index].name);
    }

    fn all_by_name(&self) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.packages.len()).collect();
        self.sort_by_name(&mut all);
        all
    }

    fn cut_circles(&mut self) {
        let cuts: HashSet<(usize, usize)> = self
            .find_circles()
            .iter()
            .map(|circle| self.choose_cut(circle))
            .collect();
        for (index, needs) in self.needs.iter_mut().enumerate() {
            needs.retain(|&need| !cuts.contains(&(index, need)));
        }
    }

    /// Every way back that a walk from each package in turn comes upon, as the packages on the way.
    fn find_circles(&self) -> Vec<Vec<usize>> {
        let mut circles = Vec::new();
        let mut visited = vec![false; self.packages.len()];
        for start in self.all_by_name() {
            if visited[start] {
                continue;
            }
            visited[start] = true;
            let mut way = vec![start];
            let mut next = vec![0];
            while let (Some(&here), Some(step)) = (way.last(), next.last_mut()) {
                let Some(&need) = self.needs[here].get(*step) else {
                    way.pop();
                    next.pop();
                    continue;
                };
                *step += 1;
                if let Some(at) = way.iter().position(|&package| package == need) {
                    circles.push(way[at..].to_vec());
                } else if !visited[need] {
                    visited[need] = true;
                    way.push(need);
                    next.push(0);
                }
            }
        }
        circles
    }

    /// Which package of a circle is to do without which other.
    fn choose_cut(&self, circle: &[usize]) -> (usize, usize) {
        let is_native = |index: usize| {
            let conda = self.packages[index].conda();
            conda.is_some_and(|conda| conda.noarch == Noarch::None)
        };
        for (at, &one) in circle.iter().enumerate() {
            let other = circle[(at + 1) % circle.len()];
            match (is_native(one), is_native(other)) {
                (true, false) => return (one, other),
                (false, true) => return (other, one),
                _ => {}
            }
        }
        (circle[0], circle[circle.len() - 1])
    }

    /// Depth first, from the packages that none needs: of two of them the later name comes first.
    fn walk(&self) -> Vec<usize> {
        let needed: HashSet<usize> = self.needs.iter().flatten().copied().collect();
        let mut order = Vec::with_capacity(self.packages.len());
        let mut visited = vec![false; self.packages.len()];
        let mut roots = self.all_by_name();
        roots.retain(|index| !needed.contains(index));
        while !roots.is_empty() {
            self.walk_from(roots, &mut visited, &mut order);
            // What is left needs itself in a circle that cutting has not opened.
            roots = self.all_by_name();
            roots.retain(|&index| !visited[index]);
        }
        order
    }

    fn walk_from(&self, roots: Vec<usize>, visited: &mut [bool], order: &mut Vec<usize>) {
        enum Step {
            Enter(usize),
            Leave(usize),
        }
        let mut stack: Vec<Step> = roots.into_iter().map(Step::Enter).collect();
        while let Some(step) = stack.pop() {
            match step {
                Step::Leave(index) => order.push(index),
                Step::Enter(index) if visited[index] => {}
                Step::Enter(index) => {
                    visited[index] = true;
                    let mut needs = self.needs[index].clone();
                    self.sort_by_name(&mut needs);
                    stack.push(Step::Leave(index));
                    stack.extend(needs.into_iter().map(Step::Enter));
                }
            }
        }
    }
}

/// The name at the start of a match spec, in lower case.
fn name_of(spec: &str) -> String {
    let ends = |character: char| {
        character.is_ascii_whitespace()
            || matches!(character, '>' | '<' | '=' | '!' | '~' | ';' | '[')
    };
    spec.split(ends)
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use cs_archive::Wanted;

    use super::*;
    use crate::{Conda, Format};

    fn package(name: &str, noarch: Noarch, depends: &[&str]) -> Package {
        let record = serde_json::json!({ "depends": depends });
        Package {
            name: name.into(),
            version: "1".into(),
            archive: Wanted {
                file_name: String::new(),
                sha256: [0; 32],
                size: None,
                url: None,
            },
            format: Format::Conda(Conda {
                build: "0".into(),
                subdir: "noarch".into(),
                noarch,
                requested_spec: None,
                record: serde_json::value::to_raw_value(&record).unwrap(),
            }),
        }
    }

    fn names(packages: &[Package]) -> Vec<&str> {
        let order = order_packages(packages);
        order.iter().map(|&at| &*packages[at].name).collect()
    }

    // What is expected here was asked of py-rattler's `sort_topologically`.

    #[test]
    fn of_unrelated_packages_the_first_name_has_most_right() {
        let packages = ["b", "a", "c"].map(|name| package(name, Noarch::None, &[]));
        assert_eq!(names(&packages), ["c", "b", "a"]);
    }

    #[test]
    fn packages_take_precedence_over_their_dependencies() {
        let packages = [
            package("base", Noarch::None, &[]),
            package("m", Noarch::None, &["__glibc >=2"]),
            package("z", Noarch::None, &["missing"]),
            package("a", Noarch::None, &["Z>=1"]),
            package("b", Noarch::None, &["m[build=0]", "m"]),
            package("y", Noarch::None, &[]),
        ];
        assert_eq!(names(&packages), ["y", "base", "m", "b", "z", "a"]);
    }

    #[test]
    fn a_circle_is_cut_in_front_of_its_noarch_package() {
        let packages = [
            package("python", Noarch::None, &["pip"]),
            package("pip", Noarch::Python, &["python"]),
            package("tool", Noarch::Python, &["python"]),
        ];
        assert_eq!(names(&packages), ["python", "tool", "pip"]);
    }

    #[test]
    fn every_package_comes_once_whatever_circles_there_are() {
        let packages = [
            package("a", Noarch::None, &["b", "a"]),
            package("b", Noarch::None, &["c"]),
            package("c", Noarch::None, &["a", "d"]),
            package("d", Noarch::Generic, &["c"]),
        ];
        assert_eq!(names(&packages), ["b", "a", "c", "d"]);
    }
}
