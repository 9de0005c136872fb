DROP TABLE uploads;
DROP TYPE upload_status;
DROP TYPE upload_kind;
