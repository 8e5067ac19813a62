//! Settings that are changed and put back, on a made-up machine with a real broker: what undoes a
//! change is written before it, and neither a signal nor a kill leaves it changed for good.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::command::{Running, run, tidemill};

const SETTING: &str = "sys/block/vda/queue/nomerges";
const UNDO: &str = "run/tidemill-effect/undo.json";

/// Says what the setting is and whether its undo is there, and reports 100 to 200 us. The second
/// run of a gated one says so through a pipe, and then waits for another that nobody writes to.
const LOAD: &str = r#"#!/bin/sh
here=$(dirname "$0")
while [ $# -gt 0 ]; do
    [ "$1" = --out ] && out=$2
    shift
done
undo=without
[ -f "$here/run/tidemill-effect/undo.json" ] && undo=with
echo "$(cat "$here/sys/block/vda/queue/nomerges") $undo" >>"$here/log"
if [ -p "$here/told" ] && [ "$(wc -l <"$here/log")" = 2 ]; then
    echo here >"$here/told"
    read -r line <"$here/gate"
fi
mkdir -p "$out"
printf 'quantile,nanoseconds,count\n0,100000,1\n0.5,150000,51\n1,200000,101\n' >"$out/latency-0.csv"
"#;

/// A machine with one disk, and a load generator that is none.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let files = [
            ("proc/self/mountinfo", "21 1 254:0 / / rw - ext4 /dev/vda rw\n"),
            ("sys/block/vda/dev", "254:0\n"),
            (SETTING, "0\n"),
            ("load", LOAD),
        ];
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Self(root);
        assert!(
            Command::new("chmod").arg("+x").arg(machine.path("load")).status().unwrap().success()
        );
        machine
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let root = self.0.path().to_str().unwrap();
        let load = self.path("load");
        let fixed = ["tune", "effect", "nomerges", "--root", root, "--data", root, "--bench"];
        let fixed = fixed.into_iter().chain([load.to_str().unwrap()]).chain(more.iter().copied());
        fixed.map(str::to_owned).collect()
    }

    fn effect(&self, more: &[&str]) -> super::command::Run {
        let arguments = self.arguments(more);
        run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Starts a run and returns when it is under way with the setting changed.
    fn start_gated(&self) -> Running {
        for pipe in ["told", "gate"] {
            assert!(Command::new("mkfifo").arg(self.path(pipe)).status().unwrap().success());
        }
        let arguments = self.arguments(&["--apply", "--pairs", "1", "--seconds", "0.1"]);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let child = tidemill(&arguments).spawn().unwrap();
        assert_eq!(self.read("told"), "here\n");
        assert_eq!(self.read(SETTING), "2");
        Running { child }
    }
}

#[test]
fn without_apply_it_says_what_it_would_do() {
    let machine = Machine::new();
    let said = machine.effect(&[]).ok();
    assert!(said.starts_with("nothing was changed"), "{said}");
    assert!(said.contains("/sys/block/vda/queue/nomerges: 0 -> 2\n"), "{said}");
    assert!(said.contains("12 runs of 4 s"), "{said}");
    assert_eq!(machine.read(SETTING), "0\n");
    let failure = machine.effect(&["--value", "0"]).fails(1);
    assert!(failure.contains("is 0 already"), "{failure}");
    fs::remove_file(machine.path(SETTING)).unwrap();
    let failure = machine.effect(&["--apply"]).fails(1);
    assert!(failure.contains("nomerges: No such file"), "{failure}");
}

#[test]
fn runs_take_turns_with_the_undo_at_hand_and_all_is_put_back() {
    let machine = Machine::new();
    let found = machine.effect(&["--apply", "--pairs", "2", "--seconds", "0.1", "--json"]);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    assert_eq!(machine.read("log"), "0 with\n2 with\n2 with\n0 with\n");
    assert_eq!(machine.read(SETTING).trim(), "0");
    assert!(!machine.path(UNDO).exists());
    let value: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(value["pairs"].as_array().unwrap().len(), 2);
    assert_eq!(value["p50"]["median"], 1.0);
    assert_eq!(value["p50"]["real"], false);
    let left = fs::read_dir(machine.0.path()).unwrap();
    let left = left.filter(|entry| {
        entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("tidemill-tune")
    });
    assert_eq!(left.count(), 0, "the scratch directory and its lock are gone");
}

#[test]
fn a_signal_puts_it_back() {
    for signal in ["TERM", "INT", "HUP"] {
        let machine = Machine::new();
        let running = machine.start_gated();
        running.signal(signal);
        let run = running.end();
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert!(run.stderr.contains(&format!("ended by SIG{signal}")), "{}", run.stderr);
        assert_eq!(machine.read(SETTING), "0");
        assert!(!machine.path(UNDO).exists());
    }
}

#[test]
fn a_kill_leaves_it_and_the_next_start_puts_it_back_and_says_so() {
    let machine = Machine::new();
    let mut running = machine.start_gated();
    let other = machine.effect(&[]).fails(1);
    assert!(other.contains("another tidemill tune effect is at work"), "{other}");
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    assert_eq!(machine.read(SETTING), "2");
    assert!(machine.path(UNDO).exists());
    let next = machine.effect(&[]);
    assert_eq!(next.code, Some(0), "{}", next.stderr);
    let said = "put back what an earlier tune effect left, of nomerges";
    assert!(next.stderr.starts_with(said), "{}", next.stderr);
    assert_eq!(machine.read(SETTING), "0");
    assert!(next.stdout.contains("0 -> 2"), "{}", next.stdout);
    assert!(!machine.path(UNDO).exists());
}

#[test]
fn a_load_that_fails_puts_it_back() {
    let machine = Machine::new();
    fs::write(machine.path("load"), "#!/bin/sh\nexit 3\n").unwrap();
    let run = machine.effect(&["--apply", "--pairs", "1", "--seconds", "0.1"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("load failed (exit status: 3)"), "{}", run.stderr);
    assert_eq!(machine.read(SETTING).trim(), "0");
    assert!(!machine.path(UNDO).exists());
}

#[test]
fn a_prediction_is_held_against_the_load_s_figures() {
    let machine = Machine::new();
    let root = machine.0.path().to_str().unwrap().to_owned();
    let load = machine.path("load");
    let verify = |more: &[&str]| {
        let fixed = ["tune", "verify", "--data", &root, "--seconds", "0.4", "--turns", "2"];
        run(&[&fixed[..], more].concat())
    };
    let found = verify(&["--json", "--bench", load.to_str().unwrap()]);
    let value: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    let holds = value["holds"].as_bool().unwrap();
    assert_eq!(found.code, Some(i32::from(!holds)), "{}", found.stderr);
    assert_eq!(value["records"], 202);
    let measured = value["comparisons"][0]["measured_ns"].as_f64().unwrap();
    assert!((149_000.0..152_000.0).contains(&measured), "{measured}");
    let failure = verify(&["--bench", "/not/there"]).fails(1);
    assert!(failure.contains("no load generator at /not/there"), "{failure}");
}

#[test]
fn this_machine_can_be_measured() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path().to_str().unwrap();
    let probe = ["tune", "probe", "--cores", "0", "--seconds", "0.1", "--data", data];
    let found = run(&[&probe[..], &["--json"]].concat());
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    let value: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    let core = &value["cores"][0];
    assert!(core["watched_ns"].as_u64().unwrap() > 0 && core["timers"]["count"].as_u64() > Some(0));
    assert!(value["ring"]["count"].as_u64() > Some(0), "{value}");
    assert!(value["loopback"]["count"].as_u64() > Some(0), "{value}");
    for kind in ["durable", "written"] {
        for commits in value[kind].as_array().unwrap() {
            assert!(commits["times"]["count"].as_u64() > Some(0), "{kind} {commits}");
        }
        assert!(value["prediction"][kind]["p99_ns"].as_f64() > Some(0.0), "{value}");
    }
    assert_eq!(fs::read_dir(data).unwrap().count(), 0);
    let text = run(&probe);
    assert!(text.stdout.contains("most of the median"), "{}", text.stdout);
    let failure = run(&["tune", "probe", "--data", "/not/there"]).fails(1);
    assert!(failure.contains("--data names a directory"), "{failure}");
    run(&["tune", "probe", "--rate", "0"]).fails(2);
    run(&["tune", "effect", "swappiness"]).fails(2);
}
