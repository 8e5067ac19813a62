//! The table of APIs against the codec that serves them.

use super::api_key::APIS;

#[test]
fn the_table_in_the_documentation_is_the_one_in_the_code() {
    let documented: Vec<_> = include_str!("mod.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! | "))
        .filter(|row| row.starts_with(|c: char| c.is_ascii_digit()))
        .map(|row| {
            row.split('|')
                .map(|cell| cell.trim_matches([' ', '`']))
                .take(3)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    let coded: Vec<_> = APIS
        .iter()
        .map(|spec| {
            let (key, range) = (spec.key, spec.served);
            format!("{} {key:?} {}-{}", key.code(), range.min, range.max)
        })
        .collect();
    assert_eq!(documented, coded);
}
