//! The layers, laid over each other: defaults, file, environment, command line.

use super::described::{Described, DescribedSource, Synonym};
use super::environment;
use super::error::{ConfigError, ConfigErrors, Given};
use super::file;
use super::form::Refusal;
use super::origin::Origin;
use super::setting::Setting;
use super::suggestion::nearest;
use super::table::{SETTINGS, Settings};

/// A setting from the command line: `--listen` gives `listeners`.
#[derive(Clone, Debug)]
pub struct Flag {
    /// The flag as the user knows it.
    pub flag: String,
    /// The setting.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Where settings come from, least to most.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'a> {
    /// The configuration file's name, as in messages, and its text.
    pub file: Option<(&'a str, &'a str)>,
    /// Variables that begin with [`PREFIX`](super::PREFIX) and their values.
    pub environment: &'a [(String, String)],
    /// What the command line says.
    pub flags: &'a [Flag],
}

/// A value that was given for a setting.
#[derive(Clone, Debug)]
struct Layer {
    /// The name under which it was given.
    name: &'static str,
    given: Given,
}

/// All settings, and where each value comes from.
#[derive(Clone, Debug)]
pub struct Config {
    /// The values.
    pub settings: Settings,
    /// One for each row of [`SETTINGS`].
    rows: Vec<Row>,
}

/// What is known of one setting's value.
#[derive(Clone, Debug)]
struct Row {
    /// The built-in value as it is shown.
    built_in: String,
    /// The value in force as it is shown.
    shown: String,
    /// What was given, the one in force first.
    layers: Vec<Layer>,
}

impl Default for Config {
    fn default() -> Self {
        let mut settings = Settings::default();
        let row = |setting: &Setting| {
            let shown = (setting.assign)(&mut settings, setting.default, &setting.range);
            let shown = shown.expect("the table's defaults are valid");
            Row { built_in: shown.clone(), shown, layers: Vec::new() }
        };
        let rows = SETTINGS.iter().map(row).collect();
        Self { settings, rows }
    }
}

impl Config {
    /// Lays the sources over the defaults. Every error is found, not only the first.
    pub fn load(sources: Sources<'_>) -> Result<Self, ConfigErrors> {
        let mut errors = Vec::new();
        let mut config = Self::default();
        let file = sources.file.map_or(Ok(Vec::new()), |(path, text)| file::parse(path, text));
        let file = file.unwrap_or_else(|found| {
            errors.extend(found);
            Vec::new()
        });
        config.lay(file.into_iter().map(Ok), &mut errors);
        config.lay(sources.environment.iter().map(from_environment), &mut errors);
        config.lay(sources.flags.iter().map(from_flag).map(Ok), &mut errors);
        if errors.is_empty() { Ok(config) } else { Err(ConfigErrors(errors)) }
    }

    /// Lays one source over the earlier ones.
    pub(super) fn lay(
        &mut self,
        source: impl Iterator<Item = Result<Given, ConfigError>>,
        errors: &mut Vec<ConfigError>,
    ) {
        let mut chosen: Vec<Option<Layer>> = vec![None; SETTINGS.len()];
        for given in source {
            let found = given.and_then(find);
            let (index, layer) = match found {
                Ok(found) => found,
                Err(error) => {
                    errors.push(error);
                    continue;
                }
            };
            match choose(&SETTINGS[index], chosen[index].take(), layer) {
                Ok(layer) => chosen[index] = Some(layer),
                Err(error) => errors.push(error),
            }
        }
        for (index, layer) in chosen.into_iter().enumerate() {
            let Some(layer) = layer else { continue };
            match self.assign(&SETTINGS[index], &layer) {
                Ok(shown) => {
                    self.rows[index].shown = shown;
                    self.rows[index].layers.insert(0, layer);
                }
                Err(reason) => {
                    let given = Box::new(layer.given);
                    errors.push(ConfigError::Refused { given, reason });
                }
            }
        }
    }

    fn assign(&mut self, setting: &Setting, layer: &Layer) -> Result<String, Refusal> {
        let text = layer.given.value.trim();
        let factor = setting.factor(layer.name);
        if factor == 1 {
            return (setting.assign)(&mut self.settings, text, &setting.range);
        }
        let number: i64 = text.parse().map_err(|_| Refusal::NotANumber)?;
        // Kafka's -1 for "no limit" is the same in every unit.
        let scaled = if number < 0 { Some(number) } else { number.checked_mul(factor) };
        let scaled = scaled.ok_or(Refusal::Above { max: i64::MAX / factor })?;
        (setting.assign)(&mut self.settings, &scaled.to_string(), &setting.range)
    }

    /// The value in force of a setting, and where it was given. The key must be in the table.
    pub(super) fn given(&self, key: &str) -> Given {
        let Row { shown, layers, .. } = &self.rows[row_of(key)];
        layers.first().map_or_else(
            || Given { name: key.to_owned(), value: shown.clone(), origin: Origin::Default },
            |layer| layer.given.clone(),
        )
    }

    /// Every setting as `DescribeConfigs` of the broker tells it, sorted by name.
    pub fn describe(&self) -> Vec<Described> {
        SETTINGS.iter().zip(&self.rows).map(|(setting, row)| describe(setting, row)).collect()
    }

    /// One setting as `DescribeConfigs` of the broker tells it. The key must be in the table.
    pub(crate) fn describe_setting(&self, key: &str) -> Described {
        let index = row_of(key);
        describe(&SETTINGS[index], &self.rows[index])
    }

    /// The setting that a topic's configuration of this name overrides, as it stands.
    pub(crate) fn describe_behind(&self, topic: &str) -> Option<Described> {
        let mut rows = SETTINGS.iter().zip(&self.rows);
        let (setting, row) = rows.find(|(setting, _)| setting.topic == Some(topic))?;
        Some(describe(setting, row))
    }
}

fn row_of(key: &str) -> usize {
    SETTINGS.iter().position(|setting| setting.key == key).expect("the key is in the table")
}

fn describe(setting: &Setting, row: &Row) -> Described {
    let given = row.layers.iter().map(|layer| Synonym {
        name: layer.name,
        value: Some(layer.given.value.trim().to_owned()),
        source: layer.given.origin.source(),
    });
    let built_in = setting.described_value(&row.built_in).map(|value| Synonym {
        name: setting.key,
        value: Some(value),
        source: DescribedSource::Default,
    });
    let first = row.layers.first();
    let source = first.map_or(DescribedSource::Default, |layer| layer.given.origin.source());
    Described {
        name: setting.key,
        value: setting.described_value(&row.shown),
        source,
        value_type: setting.value_type,
        read_only: !setting.is_dynamic(),
        sensitive: false,
        synonyms: given.chain(built_in).collect(),
        documentation: setting.documentation.trim(),
    }
}

fn from_environment((variable, value): &(String, String)) -> Result<Given, ConfigError> {
    let origin = Origin::Environment { variable: variable.clone() };
    let mut names = SETTINGS.iter().flat_map(Setting::names);
    let Some(name) = names.find(|name| environment::variable(name) == *variable) else {
        return Err(unknown(variable.clone(), origin));
    };
    Ok(Given { name: name.to_owned(), value: value.clone(), origin })
}

fn from_flag(flag: &Flag) -> Given {
    let origin = Origin::Flag { flag: flag.flag.clone() };
    Given { name: flag.name.clone(), value: flag.value.clone(), origin }
}

/// The row that a name belongs to.
fn find(given: Given) -> Result<(usize, Layer), ConfigError> {
    for (index, setting) in SETTINGS.iter().enumerate() {
        if let Some(name) = setting.names().find(|name| *name == given.name) {
            return Ok((index, Layer { name, given }));
        }
    }
    Err(unknown(given.name, given.origin))
}

fn unknown(name: String, origin: Origin) -> ConfigError {
    let names = SETTINGS.iter().flat_map(Setting::names);
    // A topic's name for a setting is an honest mistake, whatever its letters.
    let behind = SETTINGS.iter().find(|setting| setting.topic == Some(name.as_str()));
    let nearest = match behind {
        Some(setting) => Some(origin.spell(setting.key)),
        None => nearest(&name, names.map(|name| origin.spell(name))),
    };
    ConfigError::Unknown { name, origin, nearest }
}

/// Which of two values of one source counts: as in Kafka the one in the finer unit, and of two in
/// the same unit none, since nobody can tell which was meant.
fn choose(setting: &Setting, first: Option<Layer>, second: Layer) -> Result<Layer, ConfigError> {
    let Some(first) = first else { return Ok(second) };
    let (first_factor, second_factor) = (setting.factor(first.name), setting.factor(second.name));
    if first_factor == second_factor {
        let (first, second) = (Box::new(first.given), Box::new(second.given));
        return Err(ConfigError::Twice { key: setting.key, first, second });
    }
    Ok(if first_factor < second_factor { first } else { second })
}

#[cfg(test)]
mod tests;
