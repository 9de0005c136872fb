DROP TABLE day_packs;
