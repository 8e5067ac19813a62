//! `report DIR...`: one page about one run, a series of runs, or several side by side.
//!
//! The page needs no network and no server; its pictures are saved beside it as SVG. Invalid runs
//! are named with their reasons and are in no table of several.

mod axis;
mod canvas;
mod curves;
mod heat;
mod page;
mod palette;
mod series;
mod single;
mod tables;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::BenchError;
use crate::folder::{self, Folder};

/// Directories side by side: as many as there are colours.
const GROUPS_MAX: usize = 8;

/// `report`
#[derive(Args, Clone, Debug)]
pub(crate) struct ReportArgs {
    /// Run folders, or series of them
    #[arg(value_name = "DIR", required = true, num_args = 1..=GROUPS_MAX)]
    runs: Vec<PathBuf>,
    /// Where the page and its pictures are written; for one DIR it is that
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The runs below one directory.
pub(super) struct Group {
    /// The directory as it was named.
    pub(super) name: String,
    /// Its runs.
    pub(super) folders: Vec<Folder>,
}

/// `tidemill-bench report`
pub(crate) fn run(args: &ReportArgs) -> Result<(), BenchError> {
    let out = match (&args.out, args.runs.as_slice()) {
        (Some(out), _) => out,
        (None, [run]) => run,
        (None, _) => return Err(BenchError::Arguments("--out DIR for the page of several")),
    };
    report(&args.runs, out)?;
    crate::report::show(&out.join("report.html").display().to_string())
}

/// Writes `report.html` and its pictures to `out`; a run folder that has the page to itself gets
/// its distributions as well.
pub(crate) fn report(runs: &[PathBuf], out: &Path) -> Result<(), BenchError> {
    let read = |path: &PathBuf| {
        let folders = folder::runs(path)?;
        Ok::<_, BenchError>(Group { name: path.display().to_string(), folders })
    };
    let groups = runs.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let html = match groups.as_slice() {
        [Group { folders, .. }] if folders.len() == 1 => match folders.as_slice() {
            [folder] => single::page(folder, out)?,
            _ => return Err(BenchError::Nothing("no run")),
        },
        _ => series::page(&groups, out)?,
    };
    folder::write(&out.join("report.html"), html.as_bytes())?;
    Ok(())
}

/// Saves a picture for documents.
fn save(out: &Path, name: &str, svg: &str) -> Result<(), BenchError> {
    folder::write(&out.join(name), svg.as_bytes())?;
    Ok(())
}
