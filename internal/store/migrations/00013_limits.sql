-- +goose Up

-- What an organization was told of the person, and what the person has
-- forbidden it (JSON, empty for nothing): both under subject.version.
ALTER TABLE holding ADD COLUMN person TEXT NOT NULL DEFAULT 'alive';
ALTER TABLE holding ADD COLUMN bans TEXT NOT NULL DEFAULT '';

CREATE TABLE undertaking (
	org_id   BYTEA NOT NULL,
	sum      BYTEA NOT NULL,
	sealed   BYTEA NOT NULL,
	signed   BIGINT NOT NULL,
	until_at BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (org_id, sum)
) /*table*/;

-- What the administrator set about foreign states, dated.
CREATE TABLE country (
	code       TEXT NOT NULL,
	id         BYTEA NOT NULL,
	protects   BIGINT NOT NULL,
	categories TEXT NOT NULL,
	from_at    BIGINT NOT NULL,
	until_at   BIGINT NOT NULL DEFAULT 0,
	document   TEXT NOT NULL,
	PRIMARY KEY (code, id)
) /*table*/;

-- +goose Down
DROP TABLE country;
DROP TABLE undertaking;
ALTER TABLE holding DROP COLUMN bans;
ALTER TABLE holding DROP COLUMN person;
