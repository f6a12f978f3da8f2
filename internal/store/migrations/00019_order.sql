-- +goose Up

-- Orders of the authorised body, courts and prosecutors, examinations, and what
-- an operator asks the authorised body to agree to. What they say is sealed
-- under the subject's journal key, or that of entries without a person.
CREATE TABLE orders (
	subject_id BYTEA NOT NULL,
	id         BYTEA NOT NULL,
	org_id     BYTEA NOT NULL,
	issuer_id  BYTEA NOT NULL,
	version    BIGINT NOT NULL,
	kind       TEXT NOT NULL,
	source     TEXT NOT NULL,
	status     TEXT NOT NULL,
	provision  TEXT NOT NULL,
	term_id    BYTEA NOT NULL,
	issued_at  BIGINT NOT NULL,
	until_at   BIGINT NOT NULL DEFAULT 0,
	ended_at   BIGINT NOT NULL DEFAULT 0,
	entries    TEXT NOT NULL,
	sealed     BYTEA NOT NULL,
	PRIMARY KEY (subject_id, id)
) /*table*/;
CREATE INDEX orders_id ON orders (id);
CREATE INDEX orders_org ON orders (org_id, id);
CREATE INDEX orders_examination ON orders (issuer_id, org_id) WHERE kind = 'examination';

-- +goose Down
DROP TABLE orders;
