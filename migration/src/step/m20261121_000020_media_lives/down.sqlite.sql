DROP INDEX notifications_created_at_id_idx;
DROP INDEX nft_ownership_verified_idx;
DROP INDEX nft_ownership_user_id_created_at_id_idx;
ALTER TABLE videos DROP COLUMN submitted_at;
ALTER TABLE nft_ownership DROP COLUMN problem;
ALTER TABLE nft_ownership DROP COLUMN checked_at;
ALTER TABLE nft_ownership DROP COLUMN standard;
ALTER TABLE nft_ownership DROP COLUMN chain;
