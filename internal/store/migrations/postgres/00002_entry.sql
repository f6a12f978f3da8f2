-- +goose Up

-- The journal, by month of its UUIDv7 ids. Many nodes write, so an entry gets
-- its leaf number from the sealer, in an order that only commits decide.
CREATE TABLE entry (
	subject_id BYTEA NOT NULL,
	org_id     BYTEA NOT NULL,
	id         BYTEA NOT NULL,
	leaf       BIGINT,
	action     TEXT NOT NULL,
	sealed     BYTEA,
	commitment BYTEA NOT NULL,
	PRIMARY KEY (subject_id, id)
) PARTITION BY RANGE (id);
CREATE TABLE entry_other PARTITION OF entry DEFAULT;
CREATE INDEX entry_org ON entry (org_id, id);
CREATE INDEX entry_leaf ON entry (leaf);
CREATE INDEX entry_unsealed ON entry (id) WHERE leaf IS NULL;

-- +goose Down
DROP TABLE entry;
