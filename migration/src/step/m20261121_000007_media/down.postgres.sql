DROP TABLE nft_ownership;
DROP TABLE notifications;
DROP TABLE videos;
DROP TYPE notification_type;
DROP TYPE video_status;
