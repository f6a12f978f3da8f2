-- +goose Up

-- Depersonalised data: how many people of a month have the same cells. There is no
-- row of anybody, and rows lie in the order of a hash of the cells.
CREATE TABLE depersonalised (
	org_id  BYTEA NOT NULL,
	purpose TEXT NOT NULL,
	month   TEXT NOT NULL,
	sum     BYTEA NOT NULL,
	cells   TEXT NOT NULL,
	people  BIGINT NOT NULL,
	PRIMARY KEY (org_id, purpose, month, sum)
) /*table*/;

-- +goose Down
DROP TABLE depersonalised;
