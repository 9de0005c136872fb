//! What the domain of videos refuses.

use entity::id::VideoId;
use entity::media::video::VideoStatus;

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What the domain of videos refuses.
    pub enum Error {
        /// No such video, or not the caller's.
        NotFound(VideoId) => NotFound, "video.not_found",
            "there is no video {0}",
            "Check the id. A video of somebody else answers the same.";
        /// The caller is not the NFT's owner.
        NftNotOwned { nft_id: String } => Conflict, "video.nft_not_owned",
            "none of your wallets is verified to hold {nft_id}",
            "Verify that a wallet of yours holds it, at POST /api/v1/nfts/verify, and use the `nft_id` of the answer.";
        /// No generator is set up.
        NoGenerator => Conflict, "video.no_generator",
            "no generator of videos is set up here",
            "Operators set `videos.generator`, and make its webhook source known.";
        /// The video does not stand where the move begins.
        InvalidTransition { status: VideoStatus, wanted: &'static str }
            => Conflict, "video.invalid_transition",
            "a video that is {status:?} cannot {wanted}",
            "Read the video: only a failed one is tried again.";
        /// The generator does not take the job on just now.
        Generator { why: String } => Unavailable, "video.generator_unavailable",
            "the generator does not take it on: {why}",
            "The job comes again by itself. Operators look at `videos.generator`, its key, and `outbound.allowed_networks`.";
        /// What the generator told says nothing.
        Callback { why: &'static str } => Invalid, "video.bad_callback",
            "what the generator told cannot be understood: {why}",
            "Operators find the event among the inbound events of GraphQL, with this complaint, and ask whoever runs the generator.";
    }
}

impl Refusal for Error {
    fn kind(&self) -> Kind {
        self.entry().1
    }

    fn code(&self) -> &'static str {
        self.entry().0
    }
}
