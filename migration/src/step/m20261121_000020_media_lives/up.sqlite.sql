ALTER TABLE nft_ownership ADD COLUMN chain varchar(64) CONSTRAINT nft_ownership_chain_length CHECK (length(chain) <= 64);
ALTER TABLE nft_ownership ADD COLUMN standard enum_text CONSTRAINT nft_ownership_standard_check CHECK (standard IN ('erc721', 'erc1155', 'solana'));
ALTER TABLE nft_ownership ADD COLUMN checked_at timestamp_with_timezone_text;
ALTER TABLE nft_ownership ADD COLUMN problem enum_text CONSTRAINT nft_ownership_problem_check CHECK (problem IN ('not_owner', 'no_such_token', 'unanswered'));
ALTER TABLE videos ADD COLUMN submitted_at timestamp_with_timezone_text;
UPDATE nft_ownership SET checked_at = last_verified;
CREATE INDEX nft_ownership_user_id_created_at_id_idx ON nft_ownership (user_id, created_at, id);
CREATE INDEX nft_ownership_verified_idx ON nft_ownership (checked_at, id) WHERE verified;
CREATE INDEX notifications_created_at_id_idx ON notifications (created_at, id);
