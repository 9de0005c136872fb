DROP TABLE user_packs;
