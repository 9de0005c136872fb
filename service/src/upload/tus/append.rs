//! A part on its way in.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entity::id::UploadId;
use entity::upload::upload::{Model, UploadStatus};
use futures::{Stream, StreamExt as _};
use object_store::PutPayloadMut;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use tracing::Instrument as _;

use super::super::error::Error;
use super::super::setting::TUS_LIFETIME;
use super::super::{key, policy, store};
use super::hold::Hold;
use super::{Part, alive, join};
use crate::blob::{self, Arriving, BlobError, CHUNK};
use crate::ctx::Ctx;
use crate::error::Result;

/// In what pieces what came grows.
const BLOCK: usize = 256 * 1024;

/// What a sender says of the part that comes.
#[derive(Debug)]
pub struct Piece {
    /// Where it goes on.
    pub offset: u64,
    /// How long it is, where that is known.
    pub length: Option<u64>,
    /// What its bytes come to.
    pub checksum: Option<Checksum>,
}

/// What the bytes of a part come to.
#[derive(Debug)]
pub struct Checksum {
    sum: Sum,
    expected: Vec<u8>,
}

#[derive(Debug)]
enum Sum {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// The algorithms, as tus names them.
    pub const ALGORITHMS: &str = "sha1,sha256";

    /// What `Upload-Checksum` says: an algorithm, and the checksum in base64.
    pub fn parse(said: &str) -> Result<Self> {
        let (name, sum) = said.trim().split_once(' ').ok_or(Error::Algorithm)?;
        let (sum, expected) = match (name, STANDARD.decode(sum.trim())) {
            ("sha1", Ok(expected)) => (Sum::Sha1(Sha1::new()), expected),
            ("sha256", Ok(expected)) => (Sum::Sha256(Sha256::new()), expected),
            _ => return Err(Error::Algorithm.into()),
        };
        Ok(Self { sum, expected })
    }

    fn see(&mut self, bytes: &[u8]) {
        match &mut self.sum {
            Sum::Sha1(sum) => sum.update(bytes),
            Sum::Sha256(sum) => sum.update(bytes),
        }
    }

    fn holds(self) -> bool {
        match self.sum {
            Sum::Sha1(sum) => sum.finalize()[..] == self.expected,
            Sum::Sha256(sum) => sum.finalize()[..] == self.expected,
        }
    }
}

/// Take in a part. With it an upload may be all here: then it is joined, looked at, and kept or
/// refused.
///
/// It goes on when the request is given up: what came by then is kept.
pub async fn append(
    ctx: &Ctx,
    id: UploadId,
    piece: Piece,
    body: impl Stream<Item = Arriving> + Send + Unpin + 'static,
) -> Result<Model> {
    let scope = policy::append(&ctx.actor)?;
    let (tasks, ctx) = (ctx.services.tasks.clone(), ctx.clone());
    let work = async move {
        let services = Arc::clone(&ctx.services);
        let _turn = services.uploads.receive().await?;
        let (size, offset) = (piece.length, i64::try_from(piece.offset));
        let fine = |found: &Model| {
            alive(&ctx, found)?;
            if offset != Ok(found.offset) {
                let offset = found.offset;
                return Err(Error::Offset { offset });
            }
            Ok(())
        };
        let (hold, upload) = Hold::take(&ctx, scope, id, fine).await?;
        if upload.status == UploadStatus::Complete {
            hold.release().await;
            return Ok(upload);
        }
        let mut receiver = Receiver {
            ctx: &ctx,
            hold,
            at: upload.offset,
            upload,
            chunk: PutPayloadMut::new().with_block_size(BLOCK),
            checksum: piece.checksum,
            loose: Vec::new(),
        };
        let left = u64::try_from(receiver.upload.size - receiver.at).unwrap_or_default();
        let came = match size {
            Some(size) if size > left => Err(blob::Error::TooLarge { most: left }.into()),
            _ => receiver.receive(body).await,
        };
        receiver.end(came).await
    };
    let work = tasks.spawn(Box::pin(work).in_current_span()).await;
    work.map_err(crate::Error::internal)?
}

/// A part, while it comes.
struct Receiver<'a> {
    ctx: &'a Ctx,
    hold: Hold,
    upload: Model,
    /// Up to where bytes are in the store.
    at: i64,
    /// What came since.
    chunk: PutPayloadMut,
    checksum: Option<Checksum>,
    /// What is in the store and not told by the row.
    loose: Vec<Part>,
}

impl Receiver<'_> {
    /// Take in what comes, to its end.
    async fn receive(
        &mut self,
        mut body: impl Stream<Item = Arriving> + Send + Unpin,
    ) -> Result<()> {
        loop {
            let next = tokio::time::timeout(self.hold.stall(), body.next()).await;
            let Some(some) = next.map_err(|_| Error::Stalled)? else {
                return Ok(());
            };
            let some = some.map_err(BlobError::Source)?;
            let came = self.chunk.content_length() + some.len();
            if self.upload.size - self.at < i64::try_from(came).unwrap_or(i64::MAX) {
                let most = u64::try_from(self.upload.size).unwrap_or_default();
                self.chunk = PutPayloadMut::new();
                return Err(blob::Error::TooLarge { most }.into());
            }
            if let Some(checksum) = &mut self.checksum {
                checksum.see(&some);
            }
            // Copied: a body of tiny pieces would otherwise hold far more than its bytes.
            self.chunk.extend_from_slice(&some);
            self.hold.alive().await?;
            if came >= CHUNK {
                self.flush().await?;
            }
        }
    }

    /// Put what came into the store. Under a checksum the row hears of it at the end.
    async fn flush(&mut self) -> Result<()> {
        let fresh = PutPayloadMut::new().with_block_size(BLOCK);
        let chunk = std::mem::replace(&mut self.chunk, fresh).freeze();
        if chunk.content_length() > 0 {
            let services = &self.ctx.services;
            let key = key::part(&self.upload.storage_key, self.at, &*services.chance);
            let size = i64::try_from(chunk.content_length()).unwrap_or(i64::MAX);
            let part = Part { key, size };
            let put = services.blobs.put_chunk(&part.key, chunk);
            let put = self.hold.during(put).await;
            // Whether or not it is there now, it is to go where this fails.
            self.loose.push(part);
            put??;
            self.at += size;
        }
        match self.checksum {
            Some(_) => Ok(()),
            None => self.commit().await,
        }
    }

    /// Let the row tell what is in the store.
    async fn commit(&mut self) -> Result<()> {
        if self.loose.is_empty() {
            return Ok(());
        }
        let lifetime = self.ctx.configuration().get(&TUS_LIFETIME);
        let tx = self.ctx.write().await?;
        let mut row = self.hold.row(&tx).await?;
        if let Value::Array(parts) = &mut row.parts {
            for part in &self.loose {
                parts.push(serde_json::to_value(part).map_err(crate::Error::internal)?);
            }
        }
        row.offset = self.at;
        row.expires_at = Some(tx.now + lifetime);
        row.version += 1;
        row.updated_at = tx.now;
        self.hold.keep(&tx, &mut row);
        store::update(&tx, &row).await?;
        tx.commit().await?;
        self.loose.clear();
        self.upload = row;
        Ok(())
    }

    /// Keep what can be kept, and let go; with the last of it, join.
    async fn end(mut self, received: Result<()>) -> Result<Model> {
        let ended = self.settle(received).await;
        for part in &self.loose {
            // What fails here the sweeper does.
            let _ = self.ctx.services.blobs.delete(&part.key).await;
        }
        match ended {
            Ok(()) if self.upload.offset == self.upload.size => {
                join::join(self.ctx, self.hold, self.upload).await
            }
            Ok(()) => {
                self.hold.release().await;
                Ok(self.upload)
            }
            Err(error) => {
                self.hold.release().await;
                Err(error)
            }
        }
    }

    async fn settle(&mut self, received: Result<()>) -> Result<()> {
        match (received, self.checksum.take()) {
            (Ok(()), None) => self.flush().await,
            (Ok(()), Some(checksum)) => {
                if !checksum.holds() {
                    return Err(Error::Checksum.into());
                }
                self.flush().await
            }
            // What cannot be checked is not kept.
            (Err(error), Some(_)) => Err(error),
            (Err(error), None) => {
                let lost = error.code() == "upload.lock_lost";
                if !lost && let Err(worse) = self.flush().await {
                    tracing::debug!(%worse, "what came last of a broken part is not kept");
                }
                Err(error)
            }
        }
    }
}
