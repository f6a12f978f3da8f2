-- +goose Up

-- What of a subject's entries is shown to the subject later. sealed holds all of
-- it; the columns are for finding and counting.
CREATE TABLE deferral (
	subject_id   BYTEA NOT NULL,
	id           BYTEA NOT NULL,
	org_id       BYTEA NOT NULL,
	status       TEXT NOT NULL,
	provision    TEXT NOT NULL,
	until_at     BIGINT NOT NULL,
	requested_at BIGINT NOT NULL,
	requested_by BYTEA NOT NULL,
	decided_at   BIGINT NOT NULL,
	decided_by   BYTEA NOT NULL,
	lifted_at    BIGINT NOT NULL,
	lifted_by    BYTEA NOT NULL,
	sealed       BYTEA NOT NULL,
	PRIMARY KEY (subject_id, id)
) /*table*/;
CREATE INDEX deferral_org ON deferral (org_id, id);
CREATE INDEX deferral_id ON deferral (id);

-- +goose Down
DROP TABLE deferral;
