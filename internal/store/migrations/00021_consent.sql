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

-- How far the asking again after a version of a description has come: after is
-- the last consent that was looked at.
CREATE TABLE ask_run (
	org_id     BYTEA NOT NULL,
	version    BIGINT NOT NULL,
	after_id   BYTEA NOT NULL,
	started_at BIGINT NOT NULL,
	ended_at   BIGINT NOT NULL,
	seen       BIGINT NOT NULL,
	asked      BIGINT NOT NULL,
	skipped    BIGINT NOT NULL,
	PRIMARY KEY (org_id, version)
) /*table*/;

-- Consents to dissemination that stand: publication is the highest scope.
CREATE INDEX consent_public ON consent (org_id, id) WHERE status = 'active' AND scopes >= 8;

-- +goose Down
DROP INDEX consent_public;
DROP TABLE ask_run;
DROP TABLE hold;
