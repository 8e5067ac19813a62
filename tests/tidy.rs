//! The house rules, as a test: `cargo tidy`.
//!
//! Each test below is one rule and lists everything that breaks it, as `path:line: what`. What is
//! known to break a rule stands in `tidy/allowed.rs`, and only until it is mended. The rules read
//! tokens and not lines (but for comments), so that a string or a comment never looks like code;
//! each proves on small bad sources, in its own file, that it can fail.
//!
//! Knows the tree as it lies on the disk, without git: what is being written is checked too.

#![forbid(unsafe_code)]

mod tidy {
    pub(crate) mod allowed;
    pub(crate) mod arrows;
    pub(crate) mod layers;
    pub(crate) mod length;
    pub(crate) mod machine;
    pub(crate) mod map;
    pub(crate) mod naming;
    pub(crate) mod offence;
    pub(crate) mod paths;
    pub(crate) mod source;
    pub(crate) mod tree;
    pub(crate) mod unfinished;
    pub(crate) mod unsafety;
}

use tidy::offence::{Offence, Rule, report};
use tidy::source::Source;
use tidy::tree::Tree;
use tidy::{allowed, arrows, layers, length, machine, map, naming, unfinished, unsafety};

/// Applies a check to every Rust file of the tree.
fn check_each(rule: Rule, check: impl Fn(&Source) -> Vec<Offence>) {
    report(rule, Tree::of_repository().sources.iter().flat_map(check).collect());
}

#[test]
fn every_rust_file_can_be_read_as_tokens() {
    check_each(Rule::Readable, Source::check_readable);
}

#[test]
fn no_file_is_longer_than_500_lines() {
    check_each(Rule::FileLength, length::check_file);
}

#[test]
fn no_function_is_longer_than_70_lines() {
    check_each(Rule::FunctionLength, length::check_functions);
}

#[test]
fn no_line_is_wider_than_100_columns() {
    check_each(Rule::LineWidth, length::check_width);
}

#[test]
fn crates_depend_on_each_other_along_the_arrows_only() {
    report(Rule::Arrows, arrows::check_arrows(&arrows::manifests()));
}

#[test]
fn only_runtime_depends_on_the_kernel_and_only_the_broker_on_the_control_plane() {
    report(Rule::Foreign, arrows::check_foreign(&arrows::manifests()));
}

#[test]
fn unsafe_is_written_only_in_runtime() {
    check_each(Rule::UnsafeOutside, unsafety::check_place);
}

#[test]
fn every_crate_but_runtime_forbids_unsafe_code() {
    check_each(Rule::Forbid, unsafety::check_forbid);
}

#[test]
fn every_unsafe_says_in_a_sentence_why_it_is_sound() {
    check_each(Rule::SafetySentence, unsafety::check_sentences);
}

#[test]
fn code_above_runtime_makes_no_system_call_and_knows_no_clock_thread_or_random_seed() {
    check_each(Rule::Machine, machine::check);
}

#[test]
fn only_test_code_hides_in_test_files() {
    check_each(Rule::TestFiles, machine::check_test_files);
}

#[test]
fn the_broker_does_not_know_the_protocols_nor_the_front_ends_the_storage() {
    check_each(Rule::Layers, layers::check);
}

#[test]
fn state_machines_do_no_io_and_wait_for_nothing() {
    check_each(Rule::StateMachines, layers::check_state_machine);
}

#[test]
fn no_file_is_named_after_a_heap_of_things() {
    check_each(Rule::FileNames, naming::check_name);
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    check_each(Rule::ModuleDocs, naming::check_opening);
}

#[test]
fn nothing_unfinished_is_merged() {
    check_each(Rule::Unfinished, unfinished::check_code);
}

#[test]
fn no_page_or_manifest_has_a_note_to_mend_it() {
    let pages = &Tree::of_repository().pages;
    report(Rule::Notes, pages.iter().flat_map(unfinished::check_page).collect());
}

#[test]
fn no_test_sleeps() {
    check_each(Rule::Sleeps, unfinished::check_sleeps);
}

#[test]
fn the_map_in_the_architecture_page_equals_the_tree() {
    report(Rule::Map, map::check(Tree::of_repository()));
}

#[test]
fn the_allow_list_is_sorted_and_gives_its_reasons() {
    let complaints = allowed::check(allowed::ALLOWED);
    assert!(complaints.is_empty(), "tests/tidy/allowed.rs:\n{}", complaints.join("\n"));
}
