-- +goose Up

-- Who may act for whom. A row belongs to the person represented; acts and
-- organizations are what the representation is good for, sealed what it rests
-- on. until_at of a child's is the day it comes of age.
CREATE TABLE representation (
	subject_id     BYTEA NOT NULL,
	id             BYTEA NOT NULL,
	representative BYTEA NOT NULL,
	org_id         BYTEA NOT NULL,
	kind           TEXT NOT NULL,
	acts           BIGINT NOT NULL,
	organizations  TEXT NOT NULL,
	from_at        BIGINT NOT NULL,
	until_at       BIGINT NOT NULL,
	status         TEXT NOT NULL,
	since          BIGINT NOT NULL,
	looked_at      BIGINT NOT NULL DEFAULT 0,
	sealed         BYTEA NOT NULL,
	PRIMARY KEY (subject_id, id)
) /*table*/;
CREATE INDEX representation_by ON representation (representative, id);
CREATE INDEX representation_org ON representation (org_id, id);
CREATE INDEX representation_due ON representation (until_at) WHERE status = 'active';

-- +goose Down
DROP TABLE representation;
