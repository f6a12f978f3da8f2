-- +goose Up

-- The journal. There is one writer, so an entry gets its leaf number when it is
-- written: numbers are dense and in the order of commits.
CREATE TABLE entry (
	leaf       INTEGER PRIMARY KEY,
	subject_id BLOB NOT NULL,
	org_id     BLOB NOT NULL,
	id         BLOB NOT NULL,
	action     TEXT NOT NULL,
	sealed     BLOB,
	commitment BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX entry_subject ON entry (subject_id, id);
CREATE INDEX entry_org ON entry (org_id, id);

-- +goose Down
DROP TABLE entry;
