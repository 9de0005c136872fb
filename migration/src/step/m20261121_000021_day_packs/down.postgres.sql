DROP TABLE day_packs;

DROP TYPE pack_subject;
