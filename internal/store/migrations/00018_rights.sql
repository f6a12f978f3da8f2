-- +goose Up

-- What subjects demand of operators (Art. 24). What was written and answered is
-- sealed under the subject's journal key; steps are what happened, without names.
-- When it is due stands with the term.
CREATE TABLE demand (
	subject_id BYTEA NOT NULL,
	id         BYTEA NOT NULL,
	org_id     BYTEA NOT NULL,
	version    BIGINT NOT NULL,
	kind       TEXT NOT NULL,
	status     TEXT NOT NULL,
	term_id    BYTEA NOT NULL,
	created_at BIGINT NOT NULL,
	ended_at   BIGINT NOT NULL,
	until_at   BIGINT NOT NULL,
	assignee   TEXT NOT NULL,
	steps      TEXT NOT NULL,
	sealed     BYTEA NOT NULL,
	PRIMARY KEY (subject_id, id)
) /*table*/;
CREATE INDEX demand_id ON demand (id);
CREATE INDEX demand_org ON demand (org_id, id);
CREATE INDEX demand_open ON demand (org_id, id) WHERE ended_at = 0;
CREATE INDEX demand_working ON demand (until_at) WHERE status = 'working';

CREATE TABLE demand_document (
	subject_id BYTEA NOT NULL,
	demand_id  BYTEA NOT NULL,
	number     BIGINT NOT NULL,
	sealed     BYTEA NOT NULL,
	PRIMARY KEY (subject_id, demand_id, number)
) /*table*/;

-- What subjects put before the authorised body (Art. 27-1(1)3, 30).
CREATE TABLE appeal (
	subject_id BYTEA NOT NULL,
	id         BYTEA NOT NULL,
	org_id     BYTEA NOT NULL,
	demand_id  BYTEA NOT NULL,
	version    BIGINT NOT NULL,
	status     TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	ended_at   BIGINT NOT NULL,
	sealed     BYTEA NOT NULL,
	PRIMARY KEY (subject_id, id)
) /*table*/;
CREATE INDEX appeal_id ON appeal (id);
CREATE INDEX appeal_demand ON appeal (subject_id, demand_id);

-- +goose Down
DROP TABLE appeal;
DROP TABLE demand_document;
DROP TABLE demand;
