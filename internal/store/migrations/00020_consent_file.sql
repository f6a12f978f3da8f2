-- +goose Up

-- What proves a consent besides its text: scans of papers, acts, electronic
-- signatures, each sealed under the subject's journal key. They lie apart from
-- consents, which are read in lists.
CREATE TABLE consent_file (
	subject_id BYTEA NOT NULL,
	consent_id BYTEA NOT NULL,
	number     BIGINT NOT NULL,
	sealed     BYTEA NOT NULL,
	PRIMARY KEY (subject_id, consent_id, number)
) /*table*/;

-- +goose Down
DROP TABLE consent_file;
