-- +goose Up

-- Depersonalised data: how many records of a month have the same cells, and of how
-- many people at least. There is no row of anybody, and rows lie in the order of a
-- hash of the cells.
CREATE TABLE depersonalised (
	org_id  BYTEA NOT NULL,
	purpose TEXT NOT NULL,
	month   TEXT NOT NULL,
	sum     BYTEA NOT NULL,
	cells   TEXT NOT NULL,
	records BIGINT NOT NULL,
	people  BIGINT NOT NULL,
	PRIMARY KEY (org_id, purpose, month, sum)
) /*table*/;

-- +goose Down
DROP TABLE depersonalised;
