//! A run folder: the files that a run leaves, and that everything else is made from.

pub(crate) mod run;
