//! Segments: a log's files, their names, indexes and descriptors.

pub mod descriptors;
pub mod index;
pub mod name;
