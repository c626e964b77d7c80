//! What is a file or a link in one package and a directory in another: as if the packages
//! had been put in place one after the other.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{
    self, Bench, Item, Recipe, SCRIPTS, bench, file, hard_link, recipe, script_of, symlink,
};

/// What a package has at or below `s/x`, with its own name in it.
type Layer = fn(&str) -> Vec<Item>;

/// Symbolic links come last: not every system makes them.
const LAYERS: [(&str, Layer); 8] = [
    ("nothing", |_| vec![]),
    ("file", |name| vec![file("s/x", name)]),
    ("directory", |name| vec![file(&format!("s/x/{name}"), name)]),
    ("same", |name| vec![file("s/x/y", name)]),
    ("deep", |name| {
        vec![file(&format!("s/x/y/{name}"), name), file("s/x/z", name)]
    }),
    ("hard-link-below", |name| {
        vec![file("first", name), hard_link("s/x/y/second", "first", 1)]
    }),
    ("link", |name| vec![symlink("s/x", &format!("to-{name}"))]),
    ("link-below", |name| {
        vec![symlink("s/x/y", &format!("to-{name}"))]
    }),
];

/// Those that this system makes.
fn layers() -> &'static [(&'static str, Layer)] {
    &LAYERS[..if cfg!(unix) { 8 } else { 6 }]
}

/// What a prefix is to hold, and which package has put it there.
#[derive(Default)]
struct Model(BTreeMap<String, (String, String)>);

impl Model {
    /// Put something in place, and remove what is in its way.
    fn put(&mut self, path: &str, content: &str, owner: &str) {
        let below = format!("{path}/");
        self.0.retain(|other, _| {
            other != path && !other.starts_with(&below) && !path.starts_with(&format!("{other}/"))
        });
        let value = (content.to_owned(), owner.to_owned());
        self.0.insert(path.to_owned(), value);
    }

    fn put_package(&mut self, recipe: &Recipe) {
        for item in &recipe.items {
            let content = match item.kind {
                b'2' => format!("-> {}", item.link),
                b'1' => recipe.name.clone(),
                _ => String::from_utf8(item.data.clone()).unwrap(),
            };
            self.put(&item.path, &content, &recipe.name);
        }
    }

    fn contents(&self) -> BTreeMap<&str, &str> {
        let contents = self.0.iter();
        contents
            .map(|(path, (content, _))| (path.as_str(), content.as_str()))
            .collect()
    }

    fn of(&self, owner: &str) -> Vec<&str> {
        let mine = self.0.iter().filter(|(_, value)| value.1 == owner);
        mine.map(|(path, _)| path.as_str()).collect()
    }
}

/// Every file and link below a directory but `conda-meta`, and every directory that has nothing in it.
fn list(directory: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    let mut empty = true;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        empty = false;
        if path.is_symlink() {
            let target = std::fs::read_link(&path).unwrap();
            found.insert(name, format!("-> {}", target.to_str().unwrap()));
        } else if path.is_file() {
            found.insert(name, std::fs::read_to_string(&path).unwrap());
        } else if name != "conda-meta" {
            list(&path, &format!("{name}/"), found);
        }
    }
    if empty {
        found.insert(prefix.to_owned(), "an empty directory".to_owned());
    }
}

/// How packages come: in order or the other way round, on so many threads.
const WAYS: [(bool, usize); 3] = [(false, 1), (true, 1), (false, 3)];

fn check(recipes: &[Recipe], ways: &[(bool, usize)]) {
    let mut model = Model::default();
    for recipe in recipes {
        model.put_package(recipe);
    }
    for &(reversed, threads) in ways {
        let bench = Bench {
            reversed,
            threads,
            ..bench()
        };
        let layers: Vec<_> = recipes
            .iter()
            .map(|recipe| describe(&recipe.items))
            .collect();
        let report = bench
            .link(recipes)
            .unwrap_or_else(|error| panic!("{layers:?}: {error}"));
        let mut found = BTreeMap::new();
        list(&bench.staging(), "", &mut found);
        let found: BTreeMap<_, _> = found
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(found, model.contents(), "{layers:?} {reversed} {threads}");
        for recipe in recipes {
            let files = &bench.record(&recipe.name)["files"];
            assert_eq!(
                files,
                &serde_json::json!(model.of(&recipe.name)),
                "{layers:?}"
            );
        }
        let meta = std::fs::read_dir(bench.path("conda-meta")).unwrap().count();
        assert_eq!(meta, recipes.len() + 2, "{layers:?}");
        for clobbered in &report.clobbered {
            let loser = &recipes[clobbered.loser].name;
            assert!(
                !model.of(loser).contains(&clobbered.path.as_str()),
                "{clobbered:?}"
            );
            assert!(clobbered.winner > clobbered.loser, "{clobbered:?}");
        }
    }
}

fn describe(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.path.as_str()).collect()
}

fn layered(name: &str, layer: Layer) -> Recipe {
    let mut items = layer(name);
    items.push(file(&format!("only/{name}"), name));
    recipe(name, items)
}

#[test]
fn two_packages_with_common_paths_are_merged() {
    for (_, one) in layers() {
        for (_, two) in layers() {
            check(&[layered("a", *one), layered("b", *two)], &WAYS);
        }
    }
}

#[test]
fn three_packages_with_common_paths_are_merged() {
    // All but two: there are many ways to put three together.
    let most = |&&(name, _): &&(&str, Layer)| !name.ends_with("link-below");
    let layers: Vec<_> = layers().iter().filter(most).collect();
    for (_, one) in &layers {
        for (_, two) in &layers {
            for (_, three) in &layers {
                let tar_bz2 = layered("b", *two).tar_bz2();
                check(
                    &[layered("a", *one), tar_bz2, layered("c", *three)],
                    &WAYS[1..2],
                );
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn many_packages_race_to_the_same_end() {
    let mut seed = 7_u64;
    let mut below = |limit: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % limit
    };
    for _ in 0..10 {
        let recipes: Vec<Recipe> = (0..12)
            .map(|number| {
                let name = format!("p{number:02}");
                let mut items: Vec<Item> = Vec::new();
                for _ in 0..30 {
                    let depth = 1 + below(4);
                    let path: Vec<String> = (0..depth).map(|_| format!("d{}", below(3))).collect();
                    let path = path.join("/");
                    let clashes = |other: &Item| {
                        other.path == path
                            || other.path.starts_with(&format!("{path}/"))
                            || path.starts_with(&format!("{}/", other.path))
                    };
                    if !items.iter().any(clashes) {
                        items.push(match below(4) {
                            0 => symlink(&path, "somewhere"),
                            _ => file(&path, &name),
                        });
                    }
                }
                recipe(&name, items)
            })
            .collect();
        check(&recipes, &WAYS);
    }
}

#[test]
fn listed_directories_follow_the_rules_for_files() {
    let listed = |path: &str| file(path, "").kind(b'5').with("path_type", "directory");
    let one = || {
        recipe(
            "one",
            vec![file("var/x", "1"), listed("var/y/z"), listed("var/w")],
        )
    };
    let two = || recipe("two", vec![listed("var/x"), file("var/y", "2")]);
    for reversed in [false, true] {
        let bench = Bench {
            reversed,
            threads: 1,
            ..bench()
        };
        bench.link(&[one(), two()]).unwrap();
        assert!(bench.path("var/x").is_dir());
        assert_eq!(bench.text("var/y"), "2");
        assert!(bench.path("var/w").is_dir());
        assert_eq!(bench.record("one")["files"], serde_json::json!(["var/w"]));
        assert_eq!(
            bench.record("two")["files"],
            serde_json::json!(["var/x", "var/y"])
        );
    }
}

#[test]
fn commands_and_compiled_modules_are_merged_too() {
    let site = "lib/python3.11/site-packages";
    let compiled = |name: &str| format!("{site}/{name}/__pycache__/m.cpython-311.pyc");
    let pure = || {
        let items = vec![
            file("site-packages/one/m.py", "x = 1"),
            file("site-packages/two/m.py", "x = 1"),
            file(&format!("{SCRIPTS}/second/tool"), "x"),
        ];
        recipe("pure", items).python(&["first = one.m:main"])
    };
    let over = || {
        let items = vec![
            file(&format!("{}/tool", script_of("first")), "x"),
            file(&format!("{SCRIPTS}/second"), "x"),
            file(&format!("{site}/one"), "a file"),
        ];
        recipe("over", items)
    };
    for (reversed, over_wins) in [(false, true), (true, true), (false, false), (true, false)] {
        let mut bench = Bench {
            reversed,
            threads: 1,
            ..bench()
        };
        let modules = ["one", "two"].map(|name| file(&compiled(name), "compiled"));
        bench.shipped = Some(zstd::encode_all(&support::tar(&modules)[..], 3).unwrap());
        let recipes = if over_wins {
            [pure(), over()]
        } else {
            [over(), pure()]
        };
        bench.link(&recipes).unwrap();
        let files = bench.record("pure")["files"].to_string();
        assert_eq!(bench.path(&compiled("one")).exists(), !over_wins);
        assert_eq!(files.contains(&compiled("one")), !over_wins);
        assert!(bench.path(&compiled("two")).exists() && files.contains(&compiled("two")));
        assert_eq!(bench.path(&script_of("first")).is_dir(), over_wins);
        let second = format!("{SCRIPTS}/second");
        assert_eq!(bench.path(&second).is_dir(), !over_wins);
    }
}
