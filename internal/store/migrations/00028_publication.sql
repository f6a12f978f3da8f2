-- +goose Up

-- What was made public, and where. The source with its address, who recorded it,
-- and the proof of its removal are sealed under the subject's journal key; the
-- columns are for finding and name nobody. consent_id is zero where ground is not
-- empty.
CREATE TABLE publication (
	subject_id  BYTEA NOT NULL,
	id          BYTEA NOT NULL,
	org_id      BYTEA NOT NULL,
	version     BIGINT NOT NULL,
	status      TEXT NOT NULL,
	kind        TEXT NOT NULL,
	purpose     TEXT NOT NULL,
	categories  TEXT NOT NULL,
	consent_id  BYTEA NOT NULL,
	ground      TEXT NOT NULL,
	since_at    BIGINT NOT NULL,
	recorded_at BIGINT NOT NULL,
	demanded_at BIGINT NOT NULL,
	ended_at    BIGINT NOT NULL,
	term_id     BYTEA NOT NULL,
	sealed      BYTEA NOT NULL,
	PRIMARY KEY (subject_id, id)
) /*table*/;
CREATE INDEX publication_id ON publication (id);
CREATE INDEX publication_org ON publication (org_id, id);
CREATE INDEX publication_public ON publication (id) WHERE status = 'public';

-- +goose Down
DROP TABLE publication;
