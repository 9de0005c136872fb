//! Videos made for the holders of NFTs, who holds what, and what people are told.

pub mod nft_ownership;
pub mod notification;
pub mod video;
