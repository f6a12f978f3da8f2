-- +goose Up

-- Questions put to subjects. Which terms are asked for is ids of the register;
-- what the asker wrote is sealed under the subject's journal key.
CREATE TABLE request (
	subject_id BYTEA NOT NULL,
	id         BYTEA NOT NULL,
	org_id     BYTEA NOT NULL,
	asker_id   BYTEA NOT NULL,
	version    BIGINT NOT NULL,
	status     TEXT NOT NULL,
	ask        TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	ended_at   BIGINT NOT NULL DEFAULT 0,
	shown      TEXT NOT NULL,
	consent_id BYTEA NOT NULL,
	register   BIGINT NOT NULL,
	sealed     BYTEA NOT NULL,
	PRIMARY KEY (subject_id, id)
) /*table*/;
CREATE INDEX request_id ON request (id);
CREATE INDEX request_asker ON request (asker_id, id);
CREATE INDEX request_due ON request (expires_at) WHERE status = 'pending';

-- +goose Down
DROP TABLE request;
