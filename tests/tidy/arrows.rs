//! Which crate may depend on which, read from the manifests by `cargo metadata`.

use cargo_metadata::{DependencyKind, MetadataCommand};

use super::offence::Offence;
use super::tree::ROOT;

/// Every crate of the workspace and what it builds on; exactly so, nothing more and nothing less.
const ARROWS: [(&str, &[&str]); 7] = [
    ("bench", &["net", "record", "runtime", "tuning"]),
    ("net", &["record", "runtime"]),
    ("record", &[]),
    ("runtime", &[]),
    ("storage", &["record", "runtime"]),
    ("tidemill", &["net", "record", "runtime", "storage", "tuning"]),
    ("tuning", &[]),
];

/// Arrows that tests and benchmarks may draw besides.
const TEST_ARROWS: [(&str, &str); 1] = [("bench", "storage")];

/// Crates from outside that only some of ours may build on.
const FOREIGN: [(&str, &[&str]); 12] = [
    ("affinity", &["runtime"]),
    ("async-task", &["runtime"]),
    ("axum", &["tidemill"]),
    ("clap", &["bench", "tidemill"]),
    ("clap_complete", &["tidemill"]),
    ("glommio", &["runtime"]),
    ("io-uring", &["runtime"]),
    ("libc", &["runtime"]),
    ("nix", &["runtime"]),
    ("openraft", &["tidemill"]),
    ("rustix", &["runtime"]),
    ("tokio", &["tidemill"]),
];

/// A crate's manifest.
pub(crate) struct Manifest {
    name: String,
    /// Relative to the root.
    path: String,
    /// What it depends on, by the name in the registry.
    needs: Vec<Need>,
}

struct Need {
    name: String,
    only_tests: bool,
    /// Only a build that asks for it has it.
    optional: bool,
    /// The line in the manifest.
    line: usize,
}

/// The workspace's manifests.
pub(crate) fn manifests() -> Vec<Manifest> {
    let metadata = MetadataCommand::new()
        .manifest_path(format!("{ROOT}/Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .expect("cargo reads the manifests");
    let packages = metadata.packages.iter();
    packages
        .map(|package| {
            let text = std::fs::read_to_string(&package.manifest_path).expect("it is readable");
            let path = package.manifest_path.strip_prefix(ROOT).expect("it is in the tree");
            let needs = package.dependencies.iter().map(|dependency| Need {
                name: dependency.name.clone(),
                only_tests: dependency.kind == DependencyKind::Development,
                optional: dependency.optional,
                line: line_of(&text, dependency.rename.as_ref().unwrap_or(&dependency.name)),
            });
            Manifest {
                name: package.name.to_string(),
                path: path.to_string(),
                needs: needs.collect(),
            }
        })
        .collect()
}

/// The line that begins with a name, the first if it can not be told.
fn line_of(text: &str, name: &str) -> usize {
    let mut lines = (1..).zip(text.lines());
    let names = |text: &str| {
        let rest = text.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
    };
    lines.find(|(_, text)| names(text)).map_or(1, |(line, _)| line)
}

/// Arrows that are not in the table, and rows of the table that are not drawn.
pub(crate) fn check_arrows(manifests: &[Manifest]) -> Vec<Offence> {
    let ours: Vec<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let mut offences = Vec::new();
    for manifest in manifests {
        let Some((_, wanted)) = ARROWS.iter().find(|(name, _)| *name == manifest.name) else {
            offences.push(Offence::new(&manifest.path, 1, "is not in the table of arrows"));
            continue;
        };
        for need in manifest.needs.iter().filter(|need| ours.contains(&need.name.as_str())) {
            let in_tests = need.only_tests
                && TEST_ARROWS.contains(&(manifest.name.as_str(), need.name.as_str()));
            if !wanted.contains(&need.name.as_str()) && !in_tests {
                let what = format!("{} does not know {}", manifest.name, need.name);
                offences.push(Offence::new(&manifest.path, need.line, what));
            }
        }
        for name in *wanted {
            if !manifest.needs.iter().any(|need| need.name == *name && !need.only_tests) {
                let what = format!("{} builds on {name}, and does not say so", manifest.name);
                offences.push(Offence::new(&manifest.path, 1, what));
            }
        }
    }
    let missing =
        ours.iter().filter(|name| !manifests.iter().any(|manifest| manifest.name == **name));
    offences.extend(missing.map(|name| Offence::new("Cargo.toml", 1, format!("{name} is gone"))));
    offences
}

/// Crates from outside in the wrong hands. Tests are free to use them, and so is the bench where
/// it is built with the clients of other systems.
pub(crate) fn check_foreign(manifests: &[Manifest]) -> Vec<Offence> {
    let mut offences = Vec::new();
    for manifest in manifests {
        let is_free = |need: &&Need| need.only_tests || need.optional && manifest.name == "bench";
        for need in manifest.needs.iter().filter(|need| !is_free(need)) {
            let row = FOREIGN.iter().find(|(name, _)| *name == need.name);
            if let Some((name, users)) = row.filter(|(_, users)| !users.contains(&&*manifest.name))
            {
                let what = format!("{name} is for {}, not for {}", users.join(", "), manifest.name);
                offences.push(Offence::new(&manifest.path, need.line, what));
            }
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The workspace as the table wants it, with a change to one crate.
    fn workspace(name: &str, change: impl Fn(&mut Vec<Need>)) -> Vec<Manifest> {
        let manifest = |(owner, wanted): &(&str, &[&str])| {
            let mut needs = wanted.iter().map(|name| need(name)).collect();
            if *owner == name {
                change(&mut needs);
            }
            Manifest { name: (*owner).to_owned(), path: format!("{owner}/Cargo.toml"), needs }
        };
        ARROWS.iter().map(manifest).collect()
    }

    fn need(name: &str) -> Need {
        Need { name: name.to_owned(), only_tests: false, optional: false, line: 9 }
    }

    fn test_need(name: &str) -> Need {
        Need { only_tests: true, ..need(name) }
    }

    #[test]
    fn the_table_itself_is_right() {
        assert_eq!(check_arrows(&workspace("", |_| ())), []);
        assert_eq!(check_foreign(&workspace("", |_| ())), []);
    }

    #[test]
    fn an_arrow_too_many_is_found() {
        let found = check_arrows(&workspace("storage", |needs| needs.push(need("net"))));
        assert_eq!(found, [Offence::new("storage/Cargo.toml", 9, "storage does not know net")]);
        assert_eq!(
            check_arrows(&workspace("net", |needs| needs.push(test_need("storage")))).len(),
            1
        );
        assert_eq!(check_arrows(&workspace("bench", |needs| needs.push(need("storage")))).len(), 1);
        assert_eq!(check_arrows(&workspace("bench", |needs| needs.push(test_need("storage")))), []);
    }

    #[test]
    fn an_arrow_too_few_is_found() {
        let found = check_arrows(&workspace("net", |needs| drop(needs.pop())));
        let what = "net builds on runtime, and does not say so";
        assert_eq!(found, [Offence::new("net/Cargo.toml", 1, what)]);
    }

    #[test]
    fn a_crate_that_came_or_went_is_found() {
        let mut manifests = workspace("", |_| ());
        manifests[0].name = "lounge".to_owned();
        let found = check_arrows(&manifests);
        let wanted = [
            Offence::new("bench/Cargo.toml", 1, "is not in the table of arrows"),
            Offence::new("Cargo.toml", 1, "bench is gone"),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn crates_from_outside_stay_in_their_hands() {
        for (owner, name, count) in [
            ("storage", "io-uring", 1),
            ("tidemill", "libc", 1),
            ("net", "tokio", 1),
            ("bench", "tokio", 1),
            ("record", "clap", 1),
            ("bench", "clap", 0),
            ("runtime", "glommio", 0),
            ("tidemill", "axum", 0),
            ("record", "crc32c", 0),
        ] {
            let found = check_foreign(&workspace(owner, |needs| needs.push(need(name))));
            assert_eq!(found.len(), count, "{owner} -> {name}");
            let found = check_foreign(&workspace(owner, |needs| needs.push(test_need(name))));
            assert_eq!(found, [], "tests of {owner} -> {name}");
            let asked_for = || Need { optional: true, ..need(name) };
            let found = check_foreign(&workspace(owner, |needs| needs.push(asked_for())));
            let count = if owner == "bench" { 0 } else { count };
            assert_eq!(found.len(), count, "{owner} -> {name}, where it is asked for");
        }
    }

    #[test]
    fn a_dependency_is_found_in_its_manifest() {
        let text = "[dependencies]\nlibc-extra = \"1\"\nlibc.workspace = true\nnet = {}\n";
        assert_eq!((line_of(text, "libc"), line_of(text, "net"), line_of(text, "x")), (3, 4, 1));
    }
}
