-- +goose Up

-- What stands against a withdrawal (Art. 8(2)): a law or an obligation, named
-- beforehand. sealed says which; the columns are for finding. bars is a set of
-- scopes, purposes a list of ids, empty for all.
CREATE TABLE hold (
	subject_id  BYTEA NOT NULL,
	id          BYTEA NOT NULL,
	org_id      BYTEA NOT NULL,
	consent_id  BYTEA NOT NULL,
	version     BIGINT NOT NULL,
	status      TEXT NOT NULL,
	bars        BIGINT NOT NULL,
	purposes    TEXT NOT NULL,
	set_at      BIGINT NOT NULL,
	until_at    BIGINT NOT NULL,
	demanded_at BIGINT NOT NULL,
	moved_at    BIGINT NOT NULL,
	sealed      BYTEA NOT NULL,
	PRIMARY KEY (subject_id, id)
) /*table*/;
CREATE INDEX hold_id ON hold (id);
CREATE INDEX hold_org ON hold (org_id, id);
CREATE INDEX hold_appealed ON hold (id) WHERE status = 'appealed';

-- +goose Down
DROP TABLE hold;
