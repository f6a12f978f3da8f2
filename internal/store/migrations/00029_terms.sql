-- +goose Up

-- What of a term somebody was reminded of last, and the end that it had then: a
-- stage of term.Stage, 0 for nothing. They land with the letters that remind, and
-- are no part of the term's version: whoever moves a term does not move them.
ALTER TABLE term ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
ALTER TABLE term ADD COLUMN told_due BIGINT NOT NULL DEFAULT 0;
CREATE INDEX term_about ON term (about_id) WHERE status = 'open';

-- Word that has yet to be acknowledged, by who has to. escalate_at is not read any
-- more: escalated is the stage that was told of last.
CREATE INDEX outbox_owed ON outbox (org_id, term_at, id) WHERE term_at > 0 AND acked_at = 0;
DROP INDEX outbox_escalate;

-- +goose Down
CREATE INDEX outbox_escalate ON outbox (escalate_at) WHERE escalate_at > 0;
DROP INDEX outbox_owed;
DROP INDEX term_about;
ALTER TABLE term DROP COLUMN told_due;
ALTER TABLE term DROP COLUMN told;
