-- +goose Up

-- Questions to the state service of control over access (Art. 8-1). What they say,
-- and the token that came of them, are sealed under the data key of the subject and
-- the organization, so they cannot be read once the data is destroyed. secret is
-- empty when the token no longer holds. next_at is when to look again, 0 for never.
CREATE TABLE kdp_request (
	subject_id BYTEA NOT NULL,
	id         BYTEA NOT NULL,
	org_id     BYTEA NOT NULL,
	version    BIGINT NOT NULL,
	status     TEXT NOT NULL,
	purpose    TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	ended_at   BIGINT NOT NULL DEFAULT 0,
	expires_at BIGINT NOT NULL DEFAULT 0,
	asked_at   BIGINT NOT NULL DEFAULT 0,
	next_at    BIGINT NOT NULL DEFAULT 0,
	tries      BIGINT NOT NULL DEFAULT 0,
	trouble    TEXT NOT NULL DEFAULT '',
	sealed     BYTEA NOT NULL,
	secret     BYTEA NOT NULL,
	PRIMARY KEY (subject_id, id)
) /*table*/;
CREATE INDEX kdp_request_id ON kdp_request (id);
CREATE INDEX kdp_request_org ON kdp_request (org_id, id);
CREATE INDEX kdp_request_due ON kdp_request (next_at) WHERE next_at > 0;

-- +goose Down
DROP TABLE kdp_request;
