-- +goose Up

-- Keys that Kelisim itself needs, each under the master key.
CREATE TABLE secret (
	name    TEXT PRIMARY KEY,
	wrapped BYTEA NOT NULL
) /*table*/;

-- version guards decisions: it grows with every change of the row.
CREATE TABLE organization (
	id        BYTEA PRIMARY KEY,
	bin       TEXT NOT NULL UNIQUE,
	version   BIGINT NOT NULL,
	suspended BIGINT NOT NULL DEFAULT 0,
	current   BIGINT NOT NULL DEFAULT 0,
	wrapped   BYTEA NOT NULL,
	alias     BYTEA NOT NULL
) /*table*/;

CREATE TABLE register_version (
	org_id      BYTEA NOT NULL,
	number      BIGINT NOT NULL,
	hash        TEXT NOT NULL,
	applied_at  BIGINT NOT NULL,
	approved_at BIGINT NOT NULL DEFAULT 0,
	canonical   BYTEA NOT NULL,
	PRIMARY KEY (org_id, number)
) /*table*/;

CREATE TABLE token (
	hash       BYTEA PRIMARY KEY,
	id         BYTEA NOT NULL,
	role       TEXT NOT NULL,
	org_id     BYTEA NOT NULL,
	subject_id BYTEA NOT NULL,
	label      BYTEA NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
) /*table*/;

-- One row a person. version guards every fact about the person, whatever the
-- organization: consents, blocks, destruction.
CREATE TABLE subject (
	id          BYTEA PRIMARY KEY,
	version     BIGINT NOT NULL,
	state       TEXT NOT NULL,
	journal_key BYTEA NOT NULL,
	created_at  BIGINT NOT NULL
) /*table*/;

-- Blind indexes of identifiers. scope is all zeros where the identifier means
-- one person everywhere, else the organization.
CREATE TABLE identifier (
	hash       BYTEA NOT NULL,
	kind       TEXT NOT NULL,
	scope      BYTEA NOT NULL,
	subject_id BYTEA NOT NULL,
	PRIMARY KEY (hash, kind, scope, subject_id)
) /*table*/;
CREATE INDEX identifier_subject ON identifier (subject_id);

-- What an organization holds of a person; a tombstone once destroyed.
CREATE TABLE holding (
	subject_id BYTEA NOT NULL,
	org_id     BYTEA NOT NULL,
	state      TEXT NOT NULL,
	since      BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	destroy_at BIGINT NOT NULL DEFAULT 0,
	profile    BYTEA,
	PRIMARY KEY (subject_id, org_id)
) /*table*/;
CREATE INDEX holding_due ON holding (destroy_at) WHERE destroy_at > 0;

-- Apart from the rest, to be backed up apart and for a shorter life: deleting a
-- key here destroys what it sealed everywhere.
CREATE TABLE data_key (
	subject_id BYTEA NOT NULL,
	org_id     BYTEA NOT NULL,
	wrapped    BYTEA NOT NULL,
	PRIMARY KEY (subject_id, org_id)
) /*table*/;

CREATE TABLE value (
	subject_id BYTEA NOT NULL,
	org_id     BYTEA NOT NULL,
	category   TEXT NOT NULL,
	version    BIGINT NOT NULL,
	purpose    TEXT NOT NULL,
	at         BIGINT NOT NULL,
	sealed     BYTEA NOT NULL,
	PRIMARY KEY (subject_id, org_id, category, version)
) /*table*/;

CREATE TABLE destruction (
	subject_id BYTEA NOT NULL,
	org_id     BYTEA NOT NULL,
	id         BYTEA NOT NULL,
	at         BIGINT NOT NULL,
	act        BYTEA NOT NULL,
	PRIMARY KEY (subject_id, org_id, id)
) /*table*/;

CREATE TABLE consent (
	subject_id  BYTEA NOT NULL,
	id          BYTEA NOT NULL,
	org_id      BYTEA NOT NULL,
	version     BIGINT NOT NULL,
	status      TEXT NOT NULL,
	scopes      BIGINT NOT NULL,
	given_at    BIGINT NOT NULL,
	valid_until BIGINT NOT NULL,
	terms       TEXT NOT NULL,
	history     TEXT NOT NULL,
	language    TEXT NOT NULL,
	text_hash   TEXT NOT NULL,
	register    BIGINT NOT NULL,
	sealed      BYTEA NOT NULL,
	PRIMARY KEY (subject_id, id)
) /*table*/;
CREATE INDEX consent_id ON consent (id);
CREATE INDEX consent_org ON consent (org_id, id);
CREATE INDEX consent_due ON consent (valid_until) WHERE valid_until > 0 AND status IN ('active', 'paused');

CREATE TABLE consent_text (
	hash     TEXT PRIMARY KEY,
	language TEXT NOT NULL,
	body     TEXT NOT NULL
) /*table*/;

-- How far a person has read the inbox, which is the journal itself.
CREATE TABLE inbox (
	subject_id BYTEA PRIMARY KEY,
	read_until BYTEA NOT NULL
) /*table*/;

CREATE TABLE idempotency (
	caller  BYTEA NOT NULL,
	key     BYTEA NOT NULL,
	body    BYTEA NOT NULL,
	at      BIGINT NOT NULL,
	status  BIGINT NOT NULL,
	headers TEXT NOT NULL,
	answer  BYTEA,
	PRIMARY KEY (caller, key)
) /*table*/;
CREATE INDEX idempotency_at ON idempotency (at);

-- The sealed log: hashes of the tree by tile, checkpoints, its size.
CREATE TABLE tile (
	level BIGINT NOT NULL,
	n     BIGINT NOT NULL,
	data  BYTEA NOT NULL,
	PRIMARY KEY (level, n)
) /*table*/;

CREATE TABLE checkpoint (
	size BIGINT PRIMARY KEY,
	at   BIGINT NOT NULL,
	note TEXT NOT NULL
) /*table*/;

CREATE TABLE log (
	id   BIGINT PRIMARY KEY,
	size BIGINT NOT NULL
) /*table*/;
INSERT INTO log (id, size) VALUES (1, 0);

CREATE TABLE lease (
	name   TEXT PRIMARY KEY,
	holder BYTEA NOT NULL,
	until  BIGINT NOT NULL
) /*table*/;

-- +goose Down
DROP TABLE lease;
DROP TABLE log;
DROP TABLE checkpoint;
DROP TABLE tile;
DROP TABLE idempotency;
DROP TABLE inbox;
DROP TABLE consent_text;
DROP TABLE consent;
DROP TABLE destruction;
DROP TABLE value;
DROP TABLE data_key;
DROP TABLE holding;
DROP TABLE identifier;
DROP TABLE subject;
DROP TABLE token;
DROP TABLE register_version;
DROP TABLE organization;
DROP TABLE secret;
