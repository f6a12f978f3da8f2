-- +goose Up

-- Forms of an operator's site that wait for the letter to be confirmed. address is
-- a blind index; sealed is what was filled in, under the organization's key.
CREATE TABLE form (
	id         BYTEA NOT NULL PRIMARY KEY,
	org_id     BYTEA NOT NULL,
	created_at BIGINT NOT NULL,
	until_at   BIGINT NOT NULL,
	code_hash  BYTEA NOT NULL,
	address    BYTEA NOT NULL,
	sealed     BYTEA NOT NULL
) /*table*/;
CREATE INDEX form_code ON form (code_hash);
CREATE INDEX form_address ON form (address, until_at);
CREATE INDEX form_until ON form (until_at);

-- +goose Down
DROP TABLE form;
