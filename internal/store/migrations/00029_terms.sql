-- +goose Up

-- What of a term somebody was reminded of last, and the end that it had then: a
-- stage of term.Stage, 0 for nothing. They land with the letters that remind, and
-- are no part of the term's version: whoever moves a term does not move them.
ALTER TABLE term ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
ALTER TABLE term ADD COLUMN told_due BIGINT NOT NULL DEFAULT 0;
CREATE INDEX term_about ON term (about_id) WHERE status = 'open';

-- +goose Down
DROP INDEX term_about;
ALTER TABLE term DROP COLUMN told_due;
ALTER TABLE term DROP COLUMN told;
