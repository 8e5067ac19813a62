//! Reading whole folders.

use std::fs;

use tempfile::tempdir;

use super::run::Percentiles;
use super::synthetic::{Dice, Shape, Synthetic};
use super::*;

fn sample(directory: &Path, seed: u64) {
    let shape = Shape { seconds: 3, rate: 500, ..Shape::default() };
    Synthetic::new(&mut Dice::new(seed), shape).write(directory);
}

#[test]
fn a_folder_is_read_as_it_was_written() {
    let directory = tempdir().unwrap();
    sample(directory.path(), 1);
    let folder = Folder::read(directory.path()).unwrap();
    let histograms = folder.histograms().unwrap();
    assert_eq!(
        histograms.keys().collect::<Vec<_>>(),
        ["delay", "end_to_end", "lateness", "publish", "total"]
    );
    assert_eq!(histograms["total"].len(), 1_500);
    assert_eq!(Some(Percentiles::of(&histograms["total"])), folder.run.percentiles_us.total);
    assert_eq!(folder.timeline().unwrap().len(), 5);
    assert_eq!(folder.stages().unwrap().unwrap().stages.len(), 4);
    assert!(folder.environment().unwrap().unwrap()["machine"]["kernel"].is_string());
    write_distributions(directory.path(), &histograms).unwrap();
    let text = fs::read_to_string(directory.path().join("total.hgrm")).unwrap();
    assert!(text.contains("Total count    =         1500]"), "{text}");
}

#[test]
fn only_run_json_must_be_there() {
    let directory = tempdir().unwrap();
    sample(directory.path(), 1);
    for name in [ENVIRONMENT, LOG, TIMELINE, STAGES] {
        fs::remove_file(directory.path().join(name)).unwrap();
    }
    let folder = Folder::read(directory.path()).unwrap();
    assert!(folder.histograms().unwrap().is_empty() && folder.timeline().unwrap().is_empty());
    assert!(folder.stages().unwrap().is_none() && folder.environment().unwrap().is_none());
    fs::remove_file(directory.path().join(RUN)).unwrap();
    assert!(matches!(Folder::read(directory.path()), Err(FolderError::NoRun { .. })));
}

#[test]
fn a_series_is_its_children_in_order() {
    let directory = tempdir().unwrap();
    assert!(matches!(runs(directory.path()), Err(FolderError::NoRun { .. })));
    for (seed, name) in [(3, "010"), (1, "001"), (2, "002")] {
        sample(&directory.path().join(name), seed);
    }
    fs::create_dir(directory.path().join("notes")).unwrap();
    let found = runs(directory.path()).unwrap();
    assert_eq!(
        found.iter().map(|folder| folder.name.as_str()).collect::<Vec<_>>(),
        ["001", "002", "010"]
    );
    let alone = runs(&directory.path().join("001")).unwrap();
    assert_eq!((alone.len(), alone[0].name.as_str()), (1, ""));
}

#[test]
fn what_is_malformed_is_named_by_its_file() {
    let directory = tempdir().unwrap();
    let spoil = |name: &str, content: &str| {
        sample(directory.path(), 1);
        fs::write(directory.path().join(name), content).unwrap();
    };
    let read = || Folder::read(directory.path());
    spoil(RUN, "{");
    assert!(matches!(read(), Err(FolderError::Json { .. })));
    let text = fs::read_to_string(directory.path().join(RUN)).unwrap();
    assert_eq!(text, "{");
    sample(directory.path(), 1);
    let mut value: Value =
        serde_json::from_slice(&fs::read(directory.path().join(RUN)).unwrap()).unwrap();
    value["format"] = 2.into();
    spoil(RUN, &value.to_string());
    assert!(matches!(read(), Err(FolderError::Format { format: 2, .. })));
    spoil(LOG, "#fine\nTag=total,0.000,1.000,5.000,AAAA\n");
    let error = read().unwrap().histograms().unwrap_err().to_string();
    assert!(error.contains("latency.hlog: line 2: "), "{error}");
    spoil(TIMELINE, "second\n1\n");
    assert!(read().unwrap().timeline().unwrap_err().to_string().contains("timeline.csv: line 1"));
    spoil(STAGES, "7");
    assert!(matches!(read().unwrap().stages(), Err(FolderError::Json { .. })));
}
