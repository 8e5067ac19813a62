//! Reading the configuration file, through the runtime as everything that is read.

use std::io;
use std::path::Path;

use runtime::buffer::DmaBuf;
use runtime::{File, OpenOptions, Runtime};

use super::error::ConfigError;

/// More is no configuration.
const FILE_BYTES_MAX: usize = 1 << 20;

/// The text of a configuration file, 1 MiB at most. Dropping the future reads or does not.
pub async fn read_file(runtime: &Runtime, path: &Path) -> Result<String, ConfigError> {
    let text = read(runtime, path).await;
    text.map_err(|source| ConfigError::Unreadable { path: path.display().to_string(), source })
}

async fn read(runtime: &Runtime, path: &Path) -> io::Result<String> {
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidData, what);
    // What a person names may be a link, as in a mounted configuration.
    let options = OpenOptions { follow: true, ..OpenOptions::default() };
    let file = File::open(runtime, path, options).await?;
    // One byte more, to see whether there is one.
    let limit = FILE_BYTES_MAX + 1;
    let (buffer, count) = file.read_at(DmaBuf::zeroed(limit), 0, limit, 0).await;
    let count = count?;
    if count > FILE_BYTES_MAX {
        return Err(invalid("it is over 1 MiB"));
    }
    let bytes = buffer.as_slice().get(..count).unwrap_or_default().to_vec();
    String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use runtime::RuntimeConfig;

    use super::*;

    fn read_back(bytes: Option<&[u8]>) -> Result<String, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tidemill.toml");
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).unwrap();
        }
        let read = runtime::block_on(RuntimeConfig::default(), move |runtime| async move {
            read_file(&runtime, &path).await.map_err(|error| error.to_string())
        });
        read.unwrap()
    }

    #[test]
    fn a_file_is_read_whole() {
        assert_eq!(read_back(Some(b"shards = 2\n")).unwrap(), "shards = 2\n");
        assert_eq!(read_back(Some(b"")).unwrap(), "");
        let long = vec![b'#'; FILE_BYTES_MAX];
        assert_eq!(read_back(Some(&long)).unwrap().len(), FILE_BYTES_MAX);
    }

    #[test]
    fn what_can_not_be_a_configuration_is_an_error_with_the_path() {
        for (bytes, reason) in [
            (None, "No such file"),
            (Some(vec![b'#'; FILE_BYTES_MAX + 1]), "over 1 MiB"),
            (Some(vec![0xff]), "not UTF-8"),
        ] {
            let error = read_back(bytes.as_deref()).unwrap_err();
            assert!(error.contains("tidemill.toml") && error.contains(reason), "{error}");
        }
    }
}
