//! What only `runtime/` may do: ask the machine for anything.
//!
//! Above it there is no file, socket, thread, clock, environment, random number or system call by
//! any other name, because the simulator can only replay what goes through its driver. What does
//! none of that is free: `Duration`, the addresses of `core::net`, `std::io::Error`. Tests are free
//! altogether, and so are the probes in `bench/examples/`, which are run by hand and serve nobody;
//! so is `src/admin/`, which lives on the control plane's own thread. So are the loads of other
//! systems, which run on what their clients are written for, and the command that installs and
//! starts those systems: no broker and no measurement of ours is in them.

use super::offence::Offence;
use super::paths::{is_macro, is_plain_call, paths};
use super::source::Source;

/// Where nothing of this applies.
const FREE: [&str; 5] =
    ["bench/examples/", "bench/src/lab/foreign", "bench/src/rivals", "runtime/", "src/admin/"];

/// Something that is not to be named.
struct Ban {
    path: &'static [&'static str],
    instead: &'static str,
    /// Where it may be named after all, by how the file's path begins.
    except: &'static [&'static str],
}

const fn ban(path: &'static [&'static str], instead: &'static str) -> Ban {
    Ban { path, instead, except: &[] }
}

const CONSOLE: &[&str] = &["src/cli", "src/main.rs", "bench/src/"];
const CONTROL: &[&str] = &["src/cluster/raft"];

const USE_FILES: &str = "files are runtime's";
const USE_MESH: &str = "wake-ups belong to the driver: send through the mesh";
const USE_FIXED_HASHER: &str = "its order differs from run to run: use runtime's map";
const USE_SEED: &str = "randomness comes from the driver's seed";
const USE_SOCKETS: &str = "sockets are runtime's; addresses are in core::net";
const USE_CLOCK: &str = "time is an argument, read by runtime::Clock";
const USE_CONSOLE: &str = "only the command line speaks to the console";
const USE_CALLS: &str = "system calls are runtime's";
const USE_ADMIN: &str = "the control plane lives in src/admin";

const BANS: &[Ban] = &[
    // tuning reads /proc and /sys, before any shard runs; bench writes its report after the run.
    Ban { except: &["tuning/src/", "bench/src/report"], ..ban(&["std", "fs"], USE_FILES) },
    ban(&["std", "net"], USE_SOCKETS),
    ban(&["std", "thread"], "threads are runtime's"),
    ban(&["std", "time", "Instant"], USE_CLOCK),
    ban(&["std", "time", "SystemTime"], USE_CLOCK),
    Ban {
        except: &["src/cli", "src/config"],
        ..ban(&["std", "env"], "the environment is read into the configuration")
    },
    Ban {
        except: &["src/cli", "src/main.rs", "bench/src/main.rs"],
        ..ban(&["std", "process"], "only `main` and the command line end the process")
    },
    Ban { except: CONSOLE, ..ban(&["std", "io", "stdin"], USE_CONSOLE) },
    Ban { except: CONSOLE, ..ban(&["std", "io", "stdout"], USE_CONSOLE) },
    Ban { except: CONSOLE, ..ban(&["std", "io", "stderr"], USE_CONSOLE) },
    ban(&["std", "os", "linux"], USE_CALLS),
    ban(&["std", "os", "unix", "fs"], USE_FILES),
    ban(&["std", "os", "unix", "net"], USE_SOCKETS),
    ban(&["std", "os", "unix", "process"], USE_CALLS),
    ban(&["std", "os", "unix", "thread"], USE_CALLS),
    ban(&["std", "sync", "Barrier"], USE_MESH),
    ban(&["std", "sync", "Condvar"], USE_MESH),
    ban(&["std", "sync", "Mutex"], USE_MESH),
    ban(&["std", "sync", "RwLock"], USE_MESH),
    ban(&["std", "sync", "mpsc"], USE_MESH),
    ban(&["std", "collections", "HashMap"], USE_FIXED_HASHER),
    ban(&["std", "collections", "HashSet"], USE_FIXED_HASHER),
    ban(&["std", "collections", "hash_map", "HashMap"], USE_FIXED_HASHER),
    ban(&["std", "collections", "hash_map", "RandomState"], USE_FIXED_HASHER),
    ban(&["std", "collections", "hash_set", "HashSet"], USE_FIXED_HASHER),
    ban(&["std", "hash", "RandomState"], USE_FIXED_HASHER),
    ban(&["fastrand"], USE_SEED),
    ban(&["getrandom"], USE_SEED),
    ban(&["rand"], USE_SEED),
    ban(&["libc"], USE_CALLS),
    ban(&["nix"], USE_CALLS),
    ban(&["rustix"], USE_CALLS),
    Ban { except: CONTROL, ..ban(&["axum"], USE_ADMIN) },
    Ban { except: CONTROL, ..ban(&["tokio"], USE_ADMIN) },
];

/// Methods of `std::path::Path` that are system calls, all called without arguments.
const PATH_CALLS: [&str; 8] = [
    "canonicalize",
    "exists",
    "is_dir",
    "is_file",
    "read_dir",
    "read_link",
    "symlink_metadata",
    "try_exists",
];

const PRINTING: [&str; 4] = ["eprint", "eprintln", "print", "println"];

/// What production code asks the machine.
pub(crate) fn check(source: &Source) -> Vec<Offence> {
    if begins_with_any(&source.path, &FREE) || source.is_test_file() {
        return Vec::new();
    }
    let mut offences = check_paths(source);
    for index in (0..source.tokens.len()).filter(|index| !source.is_test(*index)) {
        let Some(word) = source.word(index) else { continue };
        let what = if word == "thread_local" {
            "`thread_local`: a shard's state is passed, not found".to_owned()
        } else if PATH_CALLS.contains(&word) && is_plain_call(source, index) {
            if begins_with_any(&source.path, &["tuning/src/"]) {
                continue;
            }
            format!("`.{word}()`: {USE_FILES}")
        } else if PRINTING.contains(&word) && is_macro(source, index) {
            if begins_with_any(&source.path, CONSOLE) {
                continue;
            }
            format!("`{word}!`: {USE_CONSOLE}")
        } else {
            continue;
        };
        offences.push(Offence::new(&source.path, source.tokens[index].line, what));
    }
    offences
}

fn check_paths(source: &Source) -> Vec<Offence> {
    let mut offences = Vec::new();
    for path in paths(source) {
        let banned = BANS.iter().find(|ban| path.reaches(ban.path));
        let Some(banned) = banned.filter(|_| !source.is_test(path.index)) else { continue };
        if !begins_with_any(&source.path, banned.except) {
            let what = format!("`{}`: {}", path.to_text(), banned.instead);
            offences.push(Offence::new(&source.path, path.line, what));
        }
    }
    offences
}

fn begins_with_any(path: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| path.starts_with(prefix))
}

/// `mod tests;` without `#[cfg(test)]`, and `#[path]`: through either, production code could stand
/// in a file that the rules take for test code.
pub(crate) fn check_test_files(source: &Source) -> Vec<Offence> {
    let modules = source.find_word("mod").filter(|index| {
        source.word(index + 1) == Some("tests")
            && source.is_sign(index + 2, ';')
            && !source.is_test(*index)
    });
    let modules = modules.map(|index| (index, "`mod tests;` without `#[cfg(test)]`"));
    let attributes = source.attributes().into_iter();
    let paths = attributes
        .filter(|(open, _)| !source.is_test(*open))
        .filter(|(open, _)| source.word(open + 1) == Some("path") && source.is_sign(open + 2, '='))
        .map(|(open, _)| (open, "`#[path]`: a module's file is named after it"));
    modules
        .chain(paths)
        .map(|(index, what)| Offence::new(&source.path, source.tokens[index].line, what))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Source::sample(path, text)).len()
    }

    #[test]
    fn the_machine_is_asked_for_nothing_above_runtime() {
        for bad in [
            "use std::fs;",
            "fn f() { std::net::TcpStream::connect(x); }",
            "use std::time::{Duration, Instant};",
            "use std::time::SystemTime;",
            "use std::thread::spawn;",
            "fn f() { std::env::var(\"X\"); }",
            "fn f() { std::process::exit(1) }",
            "use std::io; fn f() { io::stderr(); }",
            "use std::io::stdin;",
            "use std::collections::HashMap;",
            "use std::collections::{BTreeMap, HashSet};",
            "use std::collections::*;",
            "use std::hash::RandomState;",
            "use std::collections::hash_map::RandomState;",
            "use std::sync::mpsc;",
            "use std::os::unix::net::UnixStream;",
            "fn f() { libc::getpid(); }",
            "fn f() { rand::random::<u8>(); }",
            "use tokio::net::TcpListener;",
            "thread_local! { static A: u8 = 1; }",
            "fn f(path: &Path) -> bool { path.exists() }",
            "fn f() { println!(\"x\"); }",
            "m!(std::fs::read(x));",
        ] {
            for path in ["src/broker/mod.rs", "storage/src/log.rs", "net/src/a.rs"] {
                assert_eq!(count(path, bad), 1, "{path}: {bad}");
            }
        }
    }

    #[test]
    fn what_asks_for_nothing_is_free() {
        for good in [
            "use std::time::Duration;",
            "use core::net::SocketAddr;",
            "use std::io::{self, Write}; fn f() -> io::Result<()> { Ok(()) }",
            "use std::collections::{BTreeMap, hash_map::Entry};",
            "use std::sync::Arc;",
            "use std::os::fd::OwnedFd;",
            "/// Not `std::fs`.\nfn f() -> &'static str { \"std::fs\" } // std::net",
            "fn f(topic: Topic) { topic.exists(1); print(topic); a.is_dir; }",
            "#[cfg(test)] mod tests { use std::fs; }",
        ] {
            assert_eq!(count("src/broker/mod.rs", good), 0, "{good}");
        }
    }

    #[test]
    fn each_exception_is_for_its_own_place() {
        for (text, free) in [
            ("use std::fs;", "tuning/src/machine.rs"),
            ("fn f(p: &Path) { p.exists(); }", "tuning/src/machine.rs"),
            ("use std::fs;", "bench/src/report.rs"),
            ("use std::env;", "src/config/load.rs"),
            ("use std::process;", "src/main.rs"),
            ("use std::process::ExitCode;", "bench/src/main.rs"),
            ("use std::io::stdout;", "bench/src/table.rs"),
            ("fn f() { println!(); }", "src/cli/topic.rs"),
            ("use std::env;", "bench/examples/probe.rs"),
            ("use tokio::net;", "src/admin/http.rs"),
            ("use tokio::net;", "src/cluster/raft/network.rs"),
            ("use std::time::Instant;", "runtime/src/clock.rs"),
            ("use std::time::Instant;", "tests/integration/main.rs"),
            ("use std::time::Instant;", "storage/src/log/tests.rs"),
        ] {
            assert_eq!(count(free, text), 0, "{free}: {text}");
            assert_eq!(count("src/queue/lease.rs", text), 1, "{text}");
        }
        assert_eq!(count("tuning/src/machine.rs", "use std::time::Instant;"), 1);
        assert_eq!(count("bench/src/pacer.rs", "use std::fs;"), 1);
    }

    #[test]
    fn production_code_can_not_hide_in_test_files() {
        let count = |text| check_test_files(&Source::sample("src/a.rs", text)).len();
        assert_eq!(count("#[cfg(test)]\nmod tests;\nmod test_bed;"), 0);
        assert_eq!(count("#[cfg(test)]\nmod tests {}"), 0);
        assert_eq!(count("mod tests;"), 1);
        assert_eq!(count("#[cfg(any(test, unix))]\npub mod tests;"), 1);
        assert_eq!(count("#[path = \"tests/a.rs\"]\nmod a;"), 1);
    }
}
