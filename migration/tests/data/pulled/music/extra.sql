-- chancery pull: sqlite, unnamed keys
-- What the entities beside this file cannot say. It may run again and again. The next pull writes
-- it anew, but for what stands under the last heading.

-- == before the tables
CREATE TABLE IF NOT EXISTS log (line TEXT);

CREATE VIRTUAL TABLE IF NOT EXISTS track_text USING fts5(title, content='');

CREATE TABLE IF NOT EXISTS [Artist] (
    [ArtistId] INTEGER NOT NULL,
    [Name] NVARCHAR(120) COLLATE NOCASE,
    CONSTRAINT [PK_Artist] PRIMARY KEY ([ArtistId])
);

CREATE TABLE IF NOT EXISTS employee (
    id INTEGER PRIMARY KEY,
    reports_to INTEGER REFERENCES employee (id) ON DELETE SET NULL,
    email VARCHAR(60) UNIQUE,
    hired DATETIME DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS playlist_track (
    playlist_id INTEGER NOT NULL,
    track_id INTEGER NOT NULL REFERENCES track (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    PRIMARY KEY (playlist_id, track_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value BLOB) STRICT;

CREATE TABLE IF NOT EXISTS track (
    id INTEGER PRIMARY KEY,
    album_id INTEGER REFERENCES "Album",
    title TEXT NOT NULL CHECK (length(title) > 0),
    milliseconds INTEGER NOT NULL DEFAULT 0,
    seconds REAL GENERATED ALWAYS AS (milliseconds / 1000.0) VIRTUAL,
    unit_price NUMERIC(10,2) NOT NULL DEFAULT 0.99,
    "type" TEXT NOT NULL DEFAULT 'song',
    UNIQUE (album_id, title),
    CHECK (unit_price >= 0 AND milliseconds >= 0)
);

-- == after the tables
CREATE INDEX IF NOT EXISTS track_album ON track (album_id, title COLLATE NOCASE) WHERE album_id IS NOT NULL;

CREATE UNIQUE INDEX IF NOT EXISTS track_lower ON track (lower(title), id);

CREATE TRIGGER IF NOT EXISTS track_text_insert AFTER INSERT ON track BEGIN
    INSERT INTO track_text (rowid, title) VALUES (NEW.id, NEW.title);
END;

CREATE VIEW IF NOT EXISTS album_length AS SELECT album_id, sum(milliseconds) AS length FROM track GROUP BY album_id;

-- == by hand
