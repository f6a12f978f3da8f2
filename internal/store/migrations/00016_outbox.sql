-- +goose Up

-- Word on its way: a row lands with the entry it tells of. org_id is who is
-- told, all zeros where the subject is; holder_id whose entry it was. sealed is
-- under the key of who is told, and says what is told and where to. version is
-- that of what it is about: of two the greater is the later.
CREATE TABLE outbox (
	subject_id  BYTEA NOT NULL,
	id          BYTEA NOT NULL,
	org_id      BYTEA NOT NULL,
	holder_id   BYTEA NOT NULL,
	channel     TEXT NOT NULL,
	target      BYTEA NOT NULL,
	event       TEXT NOT NULL,
	about       BYTEA NOT NULL,
	version     BIGINT NOT NULL,
	entry       BYTEA NOT NULL,
	status      TEXT NOT NULL,
	tries       BIGINT NOT NULL DEFAULT 0,
	created_at  BIGINT NOT NULL,
	due_at      BIGINT NOT NULL,
	sent_at     BIGINT NOT NULL DEFAULT 0,
	acked_at    BIGINT NOT NULL DEFAULT 0,
	term_at     BIGINT NOT NULL,
	escalate_at BIGINT NOT NULL,
	escalated   BIGINT NOT NULL DEFAULT 0,
	problem     TEXT NOT NULL DEFAULT '',
	sealed      BYTEA NOT NULL,
	PRIMARY KEY (subject_id, id)
) /*table*/;
CREATE INDEX outbox_id ON outbox (id);
CREATE INDEX outbox_due ON outbox (due_at, target, channel) WHERE status = 'waiting';
CREATE INDEX outbox_target ON outbox (target, created_at) WHERE status = 'waiting';
CREATE INDEX outbox_failed ON outbox (id) WHERE status = 'failed';
CREATE INDEX outbox_late ON outbox (term_at) WHERE term_at > 0 AND acked_at = 0;
CREATE INDEX outbox_escalate ON outbox (escalate_at) WHERE escalate_at > 0;
CREATE INDEX outbox_letters ON outbox (id) WHERE status IN ('sent', 'dropped') AND channel IN ('email', 'sms');
CREATE INDEX outbox_org ON outbox (org_id, id);
CREATE INDEX outbox_holder ON outbox (holder_id, term_at) WHERE term_at > 0 AND acked_at = 0;

-- Where an organization wants word; sealed are address and secret.
CREATE TABLE webhook (
	org_id     BYTEA NOT NULL,
	id         BYTEA NOT NULL,
	events     TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	sealed     BYTEA NOT NULL,
	PRIMARY KEY (org_id, id)
) /*table*/;

-- Where a subject wants word; sealed is the address. code_hash is that of the
-- link which confirms it. A removed one stays without its address, so that
-- adding and removing again and again can be counted.
CREATE TABLE contact (
	subject_id   BYTEA NOT NULL,
	id           BYTEA NOT NULL,
	kind         TEXT NOT NULL,
	status       TEXT NOT NULL,
	language     TEXT NOT NULL,
	choices      BIGINT NOT NULL,
	created_at   BIGINT NOT NULL,
	confirmed_at BIGINT NOT NULL DEFAULT 0,
	code_hash    BYTEA NOT NULL,
	code_until   BIGINT NOT NULL,
	sealed       BYTEA NOT NULL,
	PRIMARY KEY (subject_id, id)
) /*table*/;
CREATE INDEX contact_code ON contact (code_hash) WHERE status = 'pending';

-- What the subject wants word of, over all confirmed contacts: under version,
-- so that a decision finds it among the facts it has anyway.
ALTER TABLE subject ADD COLUMN notices BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE subject DROP COLUMN notices;
DROP TABLE contact;
DROP TABLE webhook;
DROP TABLE outbox;
