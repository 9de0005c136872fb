DROP TABLE nft_ownership;
DROP TABLE notifications;
DROP TABLE videos;
