//! Housekeeping jobs on real files, asked for from a shard.

#![allow(clippy::unwrap_used, missing_docs)]

use runtime::{Housekeeping, RuntimeConfig, block_on};

#[test]
fn jobs_are_done_and_their_results_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let housekeeping = Housekeeping::start(None).unwrap();
    block_on(RuntimeConfig::default(), |_| async move {
        housekeeping.prewrite(path.clone(), 3 << 20).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 3 << 20);
        std::fs::write(&path, b"0123456789").unwrap();
        let scan = |len| housekeeping.scan(path.clone(), len, <[u8]>::to_vec);
        assert_eq!(scan(100).await.unwrap(), b"0123456789");
        assert_eq!(scan(4).await.unwrap(), b"0123");
        housekeeping.unlink(vec![path.clone(), path.clone()]).await.unwrap();
        assert!(scan(4).await.is_err());
    })
    .unwrap();
}
