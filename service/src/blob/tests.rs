//! What every store promises, in memory and in a directory.

use super::*;
use futures::stream;

fn open(url: &str) -> Result<Blobs, OpenError> {
    Blobs::open(&Storage {
        url: Url::parse(url).unwrap(),
        options: Vec::new(),
    })
}

async fn read(blobs: &Blobs, key: &str, range: Option<Range<u64>>) -> Vec<u8> {
    let pieces: Vec<Bytes> = blobs
        .get(key, range)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    pieces.concat()
}

async fn keys(blobs: &Blobs) -> Vec<String> {
    let listed: Vec<Listed> = blobs.list("files").try_collect().await.unwrap();
    listed.into_iter().map(|one| one.key).collect()
}

/// So many bytes, no two neighbours alike.
fn bytes(count: usize) -> Vec<u8> {
    (0..count)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect()
}

#[tokio::test]
async fn what_is_put_is_there_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let files = Url::from_directory_path(directory.path().join("made")).unwrap();
    for url in ["memory:///", files.as_str()] {
        let blobs = open(url).unwrap();
        // Nothing, less than a chunk, exactly one, and some.
        for count in [0, 1, CHUNK, 2 * CHUNK + 5] {
            let content = bytes(count);
            let pieces: Vec<_> = content
                .chunks(65_537)
                .map(|piece| Ok(Bytes::copy_from_slice(piece)))
                .collect();
            let mut seen = 0;
            let put = blobs.put("files/ab/one", stream::iter(pieces), count as u64, |some| {
                seen += some.len();
            });
            let stored = put.await.unwrap();
            assert_eq!((stored.size, seen), (count as u64, count), "{url}");
            assert_eq!(stored.sha256, crate::secret::fingerprint(&content));
            assert!(
                read(&blobs, "files/ab/one", None).await == content,
                "{url} {count}"
            );
        }
        assert_eq!(read(&blobs, "files/ab/one", Some(3..7)).await, [3, 4, 5, 6]);
        assert!(read(&blobs, "files/ab/one", Some(3..3)).await.is_empty());
        assert_eq!(keys(&blobs).await, ["files/ab/one"]);

        let broken = [Ok(bytes(2 * CHUNK).into()), Err("the line broke".into())];
        let put = blobs.put("files/ab/two", stream::iter(broken), u64::MAX, |_| ());
        assert!(matches!(put.await, Err(BlobError::Source(_))), "{url}");
        let much = [Ok(bytes(CHUNK).into()), Ok(bytes(2).into())];
        let put = blobs.put("files/ab/two", stream::iter(much), CHUNK as u64 + 1, |_| ());
        assert!(matches!(put.await, Err(BlobError::TooLarge(_))), "{url}");
        assert_eq!(keys(&blobs).await, ["files/ab/one"], "{url}");

        assert!(blobs.has("files/ab/one").await.unwrap());
        blobs.delete("files/ab/one").await.unwrap();
        blobs.delete("files/ab/one").await.unwrap();
        assert!(!blobs.has("files/ab/one").await.unwrap());
        let gone = blobs.get("files/ab/one", None).await;
        assert!(matches!(gone.err(), Some(BlobError::Missing)), "{url}");
        blobs.probe("x").await.unwrap();
        assert!(blobs.list("nothing").next().await.is_none(), "{url}");
        assert!(blobs.list("").next().await.is_none(), "{url}: all is gone");
    }
    let made = std::fs::metadata(directory.path().join("made")).unwrap();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&made.permissions()) & 0o777,
        0o700
    );
}

#[test]
fn an_address_names_a_store() {
    for good in ["s3://bucket/a/b", "gs://bucket", "memory:///"] {
        let opened = open(good);
        assert!(opened.is_ok(), "{good}: {:?}", opened.err());
        assert!(!opened.unwrap().is_local());
    }
    for bad in ["ftp://host/path", "https://host/path", "file://host/path"] {
        assert!(open(bad).is_err(), "{bad}");
    }
    let secret = open("s3://key:secret@bucket/a").unwrap();
    assert_eq!(secret.shown(), "s3://bucket/a");
}

#[test]
fn keys_stand_below_the_prefix() {
    let blobs = open("s3://bucket/a/b").unwrap();
    let path = blobs.path("files/x");
    assert_eq!(path.as_ref(), "a/b/files/x");
    assert_eq!(blobs.key(&path), "files/x");
}
