//! Snapshots taken of trees, written, read back, and written by strangers.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::{Profile, examine};

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    for (file, text) in files {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().expect("it is in a directory")).expect("made");
        fs::write(path, text).expect("written");
    }
    root
}

const FILES: [(&str, &str); 8] = [
    ("proc/sys/vm/swappiness", "60\n"),
    ("proc/self/cgroup", "0::/a\n"),
    ("proc/1/comm", "init\n"),
    ("proc/2/comm", "kthreadd\n"),
    ("proc/77/comm", "init\n"),
    ("sys/devices/system/cpu/online", "0-1\n"),
    ("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance\n"),
    ("sys/fs/cgroup/a/cpu.max", "max 100000\n"),
];

#[test]
fn what_the_patterns_name_is_taken() {
    let root = tree(&FILES);
    let snapshot = Snapshot::capture(root.path(), Given::default());
    assert_eq!(snapshot.text("proc/sys/vm/swappiness"), Ok("60"));
    assert_eq!(snapshot.number::<u32>("proc/sys/vm/swappiness"), Ok(60));
    let governor = |cpu| format!("sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor");
    assert_eq!(snapshot.text(&governor(1)), Ok("performance"));
    assert_eq!(snapshot.optional(&governor(0)), Ok(None));
    assert_eq!(snapshot.names("sys/devices/system/cpu").expect("it is there").len(), 2);
    assert!(snapshot.names("sys/block").is_ok_and(<[_]>::is_empty), "it was looked for");
    assert_eq!(snapshot.names(PROCESSES).expect("there are some"), ["init", "kthreadd"]);
    assert_eq!(snapshot.runs("init"), Ok(true));
    assert_eq!(snapshot.runs("irqbalance"), Ok(false));
    assert_eq!(snapshot.container(), None);
    let groups = snapshot.group_files("cpu.max").expect("they are known");
    assert_eq!(groups, [("sys/fs/cgroup/a/cpu.max".to_owned(), "max 100000")]);
}

#[test]
fn what_is_not_in_a_snapshot_has_its_reason() {
    let snapshot = Snapshot::of_files(&[("sys/kernel/debug/sched/preempt", "denied")]);
    let reason = |path| snapshot.text(path).expect_err("it is not there").0;
    assert_eq!(reason("proc/stat"), "proc/stat is not there");
    assert_eq!(reason("proc/kmsg"), "proc/kmsg is not in the snapshot");
    assert_eq!(
        reason("sys/kernel/debug/sched/preempt"),
        "sys/kernel/debug/sched/preempt may not be read"
    );
    assert!(snapshot.optional("proc/kmsg").is_err(), "it was never looked for");
    let full = Snapshot { full: true, ..snapshot };
    assert!(full.optional("proc/stat").is_err(), "it may have been left out");
    assert!(full.names("sys/block").is_err());
}

#[test]
fn an_older_snapshot_does_not_say_that_what_it_did_not_look_for_is_not_there() {
    let mut snapshot = Snapshot::of_files(&[]);
    assert_eq!(snapshot.optional("proc/stat"), Ok(None));
    snapshot.asked.retain(|pattern| pattern != "proc/stat");
    assert!(snapshot.optional("proc/stat").is_err());
}

#[test]
fn a_long_file_is_cut_at_a_line_s_end() {
    let root = tree(&[("proc/cpuinfo", &"processor\t: 0\n".repeat(TEXT_BYTES_MAX / 10))]);
    let snapshot = Snapshot::capture(root.path(), Given::default());
    let text = snapshot.text("proc/cpuinfo").expect("it is there");
    assert!(text.len() <= TEXT_BYTES_MAX && text.ends_with(": 0"), "{}", text.len());
}

#[test]
fn what_is_no_text_and_no_file_is_no_danger() {
    let root = tree(&FILES[..1]);
    fs::write(root.path().join("proc/stat"), vec![0xff; TEXT_BYTES_MAX]).expect("written");
    fs::create_dir_all(root.path().join("proc/version")).expect("made");
    let snapshot = Snapshot::capture(root.path(), Given::default());
    assert!(snapshot.text("proc/stat").is_ok_and(|text| text.len() <= TEXT_BYTES_MAX));
    assert!(snapshot.text("proc/version").is_err_and(|Blind(text)| text.contains("can not")));
    assert!(Snapshot::from_json(&snapshot.to_json()).is_ok());
}

#[test]
fn a_snapshot_comes_back_as_it_was() {
    let given = Given {
        data: Some("/data".to_owned()),
        free_bytes: Some(u64::MAX),
        cores: Some("0-1".to_owned()),
        ..Given::default()
    };
    let root = tree(&FILES);
    for snapshot in
        [Snapshot::capture(root.path(), given), Snapshot::of_files(&[("proc/stat", "denied")])]
    {
        let read = Snapshot::from_json(&snapshot.to_json()).expect("it was written by us");
        assert_eq!(read, snapshot);
        for profile in Profile::ALL {
            for (one, other) in examine(&read, profile).iter().zip(examine(&snapshot, profile)) {
                assert_eq!((one.verdict, &one.current), (other.verdict, &other.current));
            }
        }
        let file = root.path().join("snapshot.json");
        snapshot.save(&file).expect("written");
        assert_eq!(Snapshot::load(&file).expect("it is there"), snapshot);
    }
}

#[test]
fn the_disks_below_a_directory_are_found() {
    let mounts = "20 1 254:0 / / rw - ext4 /dev/vda rw\n\
        21 20 8:17 / /data rw,noatime - xfs /dev/sdb1 rw,attr2\n\
        22 20 253:0 / /deep\\040er rw - ext4 /dev/mapper/a rw\n\
        23 20 0:50 / /sub rw - btrfs /dev/sdb1 rw\n\
        24 20 0:51 / /nfs rw - nfs4 host:/x rw\n";
    let files = [
        ("proc/self/mountinfo", mounts),
        ("sys/block/vda/dev", "254:0"),
        ("sys/block/sdb/dev", "8:16"),
        ("sys/block/sdb/sdb1/dev", "8:17"),
        ("sys/block/dm-0/dev", "253:0"),
        ("sys/block/md0/dev", "9:0"),
    ];
    let mut snapshot = Snapshot::of_files(&files);
    snapshot.list("sys/block/dm-0/slaves", "md0");
    snapshot.list("sys/block/md0/slaves", "sdb1");
    snapshot.list("sys/block/md0/slaves", "vda");
    for (data, disks) in [
        ("/", &["vda"][..]),
        ("/database", &["vda"][..]),
        ("/data/x", &["sdb"][..]),
        ("/deep er", &["sdb", "vda"][..]),
        ("/sub", &["sdb"][..]),
    ] {
        snapshot.given.data = Some(data.to_owned());
        let found = snapshot.disks().expect(data).expect("a directory was named");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), disks, "{data}");
    }
    snapshot.given.data = Some("/nfs".to_owned());
    assert!(snapshot.disks().is_err());
    snapshot.given.data = None;
    assert_eq!(snapshot.disks(), Ok(None));
    snapshot.given.data = Some("/deep er".to_owned());
    snapshot.list("sys/block/md0/slaves", "dm-0");
    assert!(snapshot.disks().is_err(), "a stranger's volumes may lie in a circle");
}

#[test]
fn links_above_the_data_directory_are_followed() {
    let root = tree(&[("mnt/disk/x", "")]);
    std::os::unix::fs::symlink("disk", root.path().join("mnt/link")).expect("made");
    for (data, real) in [
        ("/mnt/link/not/there", "/mnt/disk/not/there"),
        ("/mnt/disk", "/mnt/disk"),
        ("/not/there", "/not/there"),
    ] {
        let given = Given { data: Some(data.to_owned()), ..Given::default() };
        let snapshot = Snapshot::capture(root.path(), given);
        assert_eq!(snapshot.given.data.as_deref(), Some(real));
    }
}

#[test]
fn containers_are_known_by_what_they_show() {
    let container = |files: &[_]| Snapshot::of_files(files).container().is_some();
    assert!(container(&[(".dockerenv", "")]));
    assert!(container(&[("run/systemd/container", "lxc")]));
    assert!(container(&[(PROCESSES, "tini\nbroker")]));
    assert!(!container(&[(PROCESSES, "systemd\nkthreadd")]));
    assert!(!container(&[(".dockerenv", ""), (PROCESSES, "init\nkthreadd")]), "made from an image");
    assert!(!container(&[]));
}

#[test]
fn this_machine_can_be_taken() {
    let snapshot = Snapshot::capture(Path::new("/"), Given::default());
    assert!(snapshot.text("proc/sys/kernel/osrelease").is_ok());
    assert!(snapshot.online().is_ok_and(|cpus| !cpus.is_empty()));
    assert!(!snapshot.full);
}

#[test]
fn what_is_no_snapshot_is_refused() {
    let good = Snapshot::of_files(&[]).to_json();
    for bad in [
        "",
        "null",
        "[]",
        "{}",
        "{\"version\":1}",
        &good.replace("\"version\": 1", "\"version\": 2"),
        &good.replace("\"version\": 1", "\"version\": 99999999999999999999"),
        &good.replace("\"full\": false", "\"full\": 7"),
        &good.replace("\"entries\": {}", "\"entries\": {\"a\": {\"text\": 5}}"),
        &good.replace("\"entries\": {}", "\"entries\": {\"a\": {\"missing\": \"lost\"}}"),
        &"[".repeat(100_000),
        good.get(..good.len() / 2).expect("it is ASCII"),
    ] {
        assert!(Snapshot::from_json(bad).is_err(), "{}", bad.get(..40).unwrap_or(bad));
    }
    let mut much = Snapshot::of_files(&[]);
    much.entries.insert("a".to_owned(), Entry::Text("x".repeat(TEXT_BYTES_MAX + 1)));
    assert!(matches!(Snapshot::from_json(&much.to_json()), Err(SnapshotError::TooMuch(_))));
}

/// What a stranger may write into a file of `/proc`.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9,-]{0,24}",
        "[ -~\n]{0,64}",
        "\\PC{0,16}",
        Just("-9223372036854775808".to_owned()),
        Just("340282366920938463463374607431768211456".to_owned()),
        Just("0-4294967295".to_owned()),
        Just("cpu 18446744073709551615 1 9 9 9 9 9 18446744073709551615".to_owned()),
        Just("1 1 8:0 / / rw - ext4 /dev/sda rw".to_owned()),
        Just("some avg10=99999999999999999999 avg60=nan avg300=inf total=-1".to_owned()),
        Just("[".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_in_no_file_makes_a_check_panic(texts in prop::collection::vec(text(), 1..60)) {
        let names = ["0", "1", "eth0", "vda", "state1", "rx-0", "tx-0", "vda1"];
        let mut snapshot = Snapshot::of_files(&[]);
        let mut texts = texts.iter().cycle();
        let mut next = || texts.next().cloned().unwrap_or_default();
        for pattern in patterns::wanted() {
            for name in names {
                let number = name.trim_start_matches(|letter: char| !letter.is_ascii_digit());
                let path = pattern.replace('*', name).replace('#', number);
                if let Some(directory) = path.strip_suffix('/') {
                    snapshot.list(directory, &next());
                } else if pattern != PROCESSES {
                    snapshot.entries.insert(path.clone(), Entry::Text(next()));
                    snapshot.list_above(&path);
                }
            }
        }
        snapshot.given = Given {
            data: Some("/".to_owned()),
            free_bytes: Some(u64::MAX),
            total_bytes: Some(0),
            cores: Some("0-1".to_owned()),
            nic: Some("eth0".to_owned()),
        };
        for profile in Profile::ALL {
            let findings = examine(&snapshot, profile);
            drop(crate::script(&findings));
        }
    }

    #[test]
    fn no_text_as_a_snapshot_makes_anything_panic(text in "\\PC{0,200}") {
        drop(Snapshot::from_json(&text));
    }
}
