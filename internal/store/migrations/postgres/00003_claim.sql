-- +goose Up

-- One row an identifier, locked while somebody is registered by it: of two
-- calls at one moment the second waits and then finds the first one's subject.
CREATE TABLE claim (
	hash BYTEA PRIMARY KEY
);
DROP INDEX entry_leaf;
CREATE INDEX entry_leaf ON entry (leaf) WHERE leaf IS NOT NULL;

-- +goose Down
DROP INDEX entry_leaf;
CREATE INDEX entry_leaf ON entry (leaf);
DROP TABLE claim;
