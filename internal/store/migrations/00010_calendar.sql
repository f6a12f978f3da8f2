-- +goose Up

-- Decrees on the working calendar as they were added; the calendar in force is
-- the program's own with all of them on top, in the order of their numbers.
CREATE TABLE calendar_decree (
	number   BIGINT PRIMARY KEY,
	digest   BYTEA NOT NULL,
	at       BIGINT NOT NULL,
	entry    BYTEA NOT NULL,
	document BYTEA NOT NULL
) /*table*/;

-- What is owed by when. calendar is the version of the calendar that due was
-- computed by: open terms with an older one are computed anew. subject_id is all
-- zeros where a term concerns no person.
CREATE TABLE term (
	subject_id BYTEA NOT NULL,
	id         BYTEA NOT NULL,
	org_id     BYTEA NOT NULL,
	version    BIGINT NOT NULL,
	status     TEXT NOT NULL,
	name       TEXT NOT NULL,
	provision  TEXT NOT NULL,
	edition    TEXT NOT NULL,
	week       BIGINT NOT NULL,
	about_kind TEXT NOT NULL,
	about_id   BYTEA NOT NULL,
	started_at BIGINT NOT NULL,
	due        BIGINT NOT NULL,
	paused_at  BIGINT NOT NULL,
	ended_at   BIGINT NOT NULL,
	calendar   BIGINT NOT NULL,
	entry      BYTEA NOT NULL,
	history    TEXT NOT NULL,
	PRIMARY KEY (subject_id, id)
) /*table*/;
CREATE INDEX term_id ON term (id);
CREATE INDEX term_org ON term (org_id, due, id);
CREATE INDEX term_open ON term (org_id, due, id, paused_at) WHERE status = 'open';
CREATE INDEX term_calendar ON term (calendar, subject_id, id) WHERE status = 'open';

-- +goose Down
DROP TABLE term;
DROP TABLE calendar_decree;
