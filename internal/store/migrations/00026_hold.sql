-- +goose Up

-- When a hold was appealed, 0 for never: the authorised body takes appeals in the
-- order of time.
ALTER TABLE hold ADD COLUMN appealed_at BIGINT NOT NULL DEFAULT 0;
UPDATE hold SET appealed_at = moved_at WHERE status IN ('appealed', 'upheld');
CREATE INDEX hold_appeal ON hold (appealed_at, id) WHERE appealed_at > 0;

-- The document that shows an obligation, sealed under the subject's journal key.
-- It lies apart from holds, which are read in lists.
CREATE TABLE hold_file (
	subject_id BYTEA NOT NULL,
	hold_id    BYTEA NOT NULL,
	sealed     BYTEA NOT NULL,
	PRIMARY KEY (subject_id, hold_id)
) /*table*/;

-- +goose Down
DROP TABLE hold_file;
DROP INDEX hold_appeal;
ALTER TABLE hold DROP COLUMN appealed_at;
