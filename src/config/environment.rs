//! Settings from the environment: `TIDEMILL_LOG_RETENTION_MS` for `log.retention.ms`.

use std::ffi::OsString;

use super::error::ConfigError;

/// What our variables begin with.
pub const PREFIX: &str = "TIDEMILL_";

/// The variable of a setting: upper case, underscores for dots.
pub(super) fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.to_ascii_uppercase().replace('.', "_"))
}

/// The process's variables that begin with [`PREFIX`], sorted, but for those in `reserved`, which
/// the command line knows and which are no settings.
pub fn environment(reserved: &[&str]) -> Result<Vec<(String, String)>, ConfigError> {
    select(std::env::vars_os(), reserved)
}

fn select(
    variables: impl Iterator<Item = (OsString, OsString)>,
    reserved: &[&str],
) -> Result<Vec<(String, String)>, ConfigError> {
    let mut ours = Vec::new();
    for (variable, value) in variables {
        let variable = variable.to_string_lossy().into_owned();
        if !variable.starts_with(PREFIX) || reserved.contains(&variable.as_str()) {
            continue;
        }
        let Ok(value) = value.into_string() else {
            return Err(ConfigError::NotUtf8 { variable });
        };
        ours.push((variable, value));
    }
    ours.sort();
    Ok(ours)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn a_variable_is_the_setting_in_upper_case() {
        assert_eq!(variable("log.retention.ms"), "TIDEMILL_LOG_RETENTION_MS");
        assert_eq!(variable("shards"), "TIDEMILL_SHARDS");
    }

    #[test]
    fn only_ours_are_taken_and_reserved_ones_left() {
        let pair = |name: &str, value: &str| (OsString::from(name), OsString::from(value));
        let variables = [
            pair("TIDEMILL_SHARDS", "2"),
            pair("PATH", "/bin"),
            pair("TIDEMILL_CONFIG", "/etc/t.toml"),
            pair("TIDEMILL_LISTEN", ":1"),
        ];
        let ours = select(variables.into_iter(), &["TIDEMILL_CONFIG"]).unwrap();
        let expected = [("TIDEMILL_LISTEN", ":1"), ("TIDEMILL_SHARDS", "2")];
        assert_eq!(ours, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_is_not_utf_8_is_an_error_only_if_it_is_ours() {
        let broken = || OsString::from_vec(vec![0xff]);
        let ours = (OsString::from("TIDEMILL_DATA_DIR"), broken());
        let error = select([ours].into_iter(), &[]).unwrap_err();
        assert!(error.to_string().contains("TIDEMILL_DATA_DIR"), "{error}");
        assert!(select([(broken(), broken())].into_iter(), &[]).unwrap().is_empty());
    }
}
