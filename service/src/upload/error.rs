//! What is refused of files.

use std::time::Duration;

use entity::id::UploadId;

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What is refused of files.
    pub enum Error {
        /// No such file, or not the caller's.
        NotFound(UploadId) => NotFound, "upload.not_found",
            "there is no upload {0}",
            "Check the id. An upload of somebody else answers the same.";
        /// It does not fit into what the person may have.
        Quota { quota: i64 } => TooLarge, "upload.quota_exceeded",
            "your files may have {quota} bytes together",
            "Delete files that you do not need, or ask an admin for more room (`uploads.quota_bytes`).";
        /// The person has too many files.
        TooMany { most: i64 } => TooLarge, "upload.too_many",
            "you may have {most} files",
            "Delete files that you do not need (`uploads.files_per_user`).";
        /// The type is not taken.
        Type { what: String } => MediaType, "upload.type_not_allowed",
            "{what} is not taken here",
            "Pictures: PNG, JPEG, WebP, GIF. Documents: the types of `uploads.document_types`, each under an extension of its own.";
        /// The content is something else than was said.
        Mismatch { said: String, found: String } => Invalid, "upload.type_mismatch",
            "it is said to be {said}, and is {found}",
            "Send the file under its own type and extension.";
        /// The content is broken, or made to break what reads it.
        Damaged { detail: String } => Invalid, "upload.damaged",
            "the content is not sound: {detail}",
            "Open the file in the program that made it, save it anew, and send that.";
        /// There is nothing in it.
        Empty => Invalid, "upload.empty",
            "the file has no bytes",
            "Send a file that has some.";
        /// It is not all here yet.
        Incomplete => Conflict, "upload.incomplete",
            "the file is not all here yet",
            "Send the rest by tus, or wait until its parts are joined.";
        /// It was looked at and refused.
        Rejected => Gone, "upload.rejected",
            "the content was refused when it was all here",
            "Read the upload: its `rejected` says why. Send another file.";
        /// Its time is over.
        Expired => Gone, "upload.expired",
            "the upload was not finished in its time",
            "Begin anew.";
        /// The bytes do not go on where the others end.
        Offset { offset: i64 } => Conflict, "upload.offset_mismatch",
            "{offset} bytes are here",
            "Ask HEAD for Upload-Offset, and go on there.";
        /// Somebody is writing.
        Locked => Locked, "upload.locked",
            "another request is writing to this upload",
            "Wait until it is done; a writer who says nothing loses its place after five seconds.";
        /// Somebody else writes by now.
        Lost => Conflict, "upload.lock_lost",
            "another request writes to this upload by now",
            "Ask HEAD for Upload-Offset.";
        /// The bytes are not those that were sent.
        Checksum => Checksum, "upload.checksum_mismatch",
            "the bytes are not those that the checksum is of",
            "Send the part again.";
        /// No checksum of ours.
        Algorithm => Malformed, "upload.checksum_unsupported",
            "Upload-Checksum is `sha1` or `sha256`, and the checksum in base64",
            "Send one of those, or none.";
        /// The sender fell silent.
        Stalled => Slow, "upload.stalled",
            "nothing came for too long",
            "Ask HEAD for Upload-Offset, and go on there.";
        /// Too many send at once.
        Busy => Unavailable, "upload.busy",
            "too many files are sent at once",
            "Send the file again after Retry-After.";
        /// No part of the content.
        Range { size: u64 } => Range, "upload.range",
            "the content has {size} bytes",
            "Ask for a range that begins within the content.";
    }
}

impl Error {
    pub(super) fn damaged(detail: impl Into<String>) -> Self {
        Self::Damaged {
            detail: detail.into(),
        }
    }
}

impl Refusal for Error {
    fn kind(&self) -> Kind {
        self.entry().1
    }

    fn code(&self) -> &'static str {
        self.entry().0
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Busy | Self::Locked).then_some(Duration::from_secs(2))
    }
}
