-- +goose Up

-- The journal: rows are only ever added at the end. There is one writer, so an
-- entry gets its leaf number when it is written: numbers are dense and in the
-- order of commits. before is the subject's entry before this one, org_before
-- the organization's; -1 for none. See chain.go.
CREATE TABLE entry (
	leaf       INTEGER PRIMARY KEY,
	before     INTEGER NOT NULL,
	org_before INTEGER NOT NULL,
	subject_id BLOB NOT NULL,
	org_id     BLOB NOT NULL,
	id         BLOB NOT NULL,
	action     TEXT NOT NULL,
	sealed     BLOB,
	commitment BLOB NOT NULL
) STRICT;

CREATE INDEX entry_id ON entry (id);

-- The newest entry of each, for all leaves before log.indexed.
ALTER TABLE subject ADD COLUMN head INTEGER NOT NULL DEFAULT -1;
ALTER TABLE organization ADD COLUMN head INTEGER NOT NULL DEFAULT -1;
ALTER TABLE log ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;

-- +goose Down
DROP TABLE entry;
