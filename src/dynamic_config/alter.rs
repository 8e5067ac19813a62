//! What changes make of configurations, whatever they belong to.

use std::collections::{BTreeMap, BTreeSet};

use super::error::DynamicConfigError;
use crate::config::{Refusal, ValueType};
use crate::topic_config::{Change, Fault, Operation, shorten};

/// What was set, by name, each value in the form in which its row prints it.
pub(super) type Values = BTreeMap<&'static str, String>;

/// A list longer than this is not worth being kept.
const LIST_BYTES_MAX: usize = 10_000;

/// One configuration that can be set.
pub(super) trait Row: Copy {
    /// Whose it is, as Kafka's errors tell it apart.
    const FAULT: Fault;

    fn name(self) -> &'static str;
    fn value_type(self) -> ValueType;
    /// What counts if nothing is set anywhere.
    fn built_in(self) -> &'static str;
    /// The value of a text as it is kept.
    fn check(self, text: &str) -> Result<String, Refusal>;
}

/// `before` after some changes: all of them, or none with the reason. An unknown name can be
/// deleted, as in Kafka.
pub(super) fn altered<'a, R: Row>(
    before: &Values,
    changes: impl IntoIterator<Item = Change<'a>>,
    find: impl Fn(&str) -> Result<R, DynamicConfigError>,
) -> Result<Values, DynamicConfigError> {
    let mut values = before.clone();
    // Bounded by the request, and sorted so that a long one is not compared name by name.
    let mut seen = BTreeSet::new();
    for Change { name, operation, value } in changes {
        if !seen.insert(name) {
            return Err(DynamicConfigError::Repeated);
        }
        if operation == Operation::Delete {
            values.remove(name);
            continue;
        }
        let missing = || DynamicConfigError::NoValue { name: shorten(name) };
        let value = value.ok_or_else(missing)?;
        let row = find(name)?;
        let kept = match operation {
            Operation::Append => keep(row, &appended(&values, row, value)?)?,
            Operation::Subtract => keep(row, &subtracted(&values, row, value)?)?,
            Operation::Set | Operation::Delete => keep(row, value)?,
        };
        values.insert(row.name(), kept);
    }
    Ok(values)
}

/// What was stored, by this version or another. What can not be understood any more is left out
/// and returned with its reason.
pub(super) fn restored<'a, R: Row>(
    stored: impl IntoIterator<Item = (&'a str, &'a str)>,
    find: impl Fn(&str) -> Result<R, DynamicConfigError>,
) -> (Values, Vec<DynamicConfigError>) {
    let (mut values, mut errors) = (Values::new(), Vec::new());
    for (name, value) in stored {
        match find(name).and_then(|row| Ok((row.name(), keep(row, value)?))) {
            Ok((name, kept)) => drop(values.insert(name, kept)),
            Err(error) => errors.push(error),
        }
    }
    (values, errors)
}

fn keep<R: Row>(row: R, value: &str) -> Result<String, DynamicConfigError> {
    let invalid = |reason| DynamicConfigError::Invalid {
        fault: R::FAULT,
        name: row.name(),
        value: shorten(value),
        reason,
    };
    if value.len() > LIST_BYTES_MAX {
        return Err(invalid(Refusal::TooLong { max: LIST_BYTES_MAX }));
    }
    row.check(value).map_err(invalid)
}

fn appended<R: Row>(values: &Values, row: R, added: &str) -> Result<String, DynamicConfigError> {
    let mut elements = elements(values, row, "append")?;
    for element in added.split(',').map(str::trim) {
        if !elements.contains(&element) {
            elements.push(element);
        }
    }
    Ok(elements.join(","))
}

fn subtracted<R: Row>(values: &Values, row: R, gone: &str) -> Result<String, DynamicConfigError> {
    let mut elements = elements(values, row, "subtract")?;
    elements.retain(|element| !gone.split(',').any(|gone| gone.trim() == *element));
    Ok(elements.join(","))
}

/// The elements of a list as it is set, or built in.
fn elements<'a, R: Row>(
    values: &'a Values,
    row: R,
    operation: &'static str,
) -> Result<Vec<&'a str>, DynamicConfigError> {
    if row.value_type() != ValueType::List {
        return Err(DynamicConfigError::NotAList { operation, name: row.name() });
    }
    let current = values.get(row.name()).map_or(row.built_in(), String::as_str);
    Ok(current.split(',').map(str::trim).filter(|element| !element.is_empty()).collect())
}
