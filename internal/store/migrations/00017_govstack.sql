-- +goose Up

-- What the face of GovStack's Consent Building Block has and Kelisim's core has
-- not: objects under ids of the caller's own, and their chained revisions. An
-- object of the configuration belongs to no person: its subject is all zeros.
-- ids are looked up by their keyed hash, for one may be a person's number; all
-- that was written is sealed. parent, about and revision tie a consent record to
-- its individual and to the revision of the agreement that it is a consent to;
-- mark is the keyed hash of the key that an individual signs with.
CREATE TABLE govstack_object (
	subject_id BYTEA NOT NULL,
	org_id     BYTEA NOT NULL,
	id         BYTEA NOT NULL,
	kind       TEXT NOT NULL,
	sum        BYTEA NOT NULL,
	version    BIGINT NOT NULL,
	hidden     BIGINT NOT NULL DEFAULT 0,
	parent     BYTEA,
	about      BYTEA,
	revision   BYTEA,
	mark       BYTEA,
	sealed     BYTEA NOT NULL,
	PRIMARY KEY (subject_id, org_id, id)
) /*table*/;
CREATE UNIQUE INDEX govstack_object_sum ON govstack_object (org_id, kind, sum) WHERE hidden = 0;
CREATE UNIQUE INDEX govstack_object_one ON govstack_object (subject_id, parent, revision) WHERE parent IS NOT NULL AND hidden = 0;
CREATE UNIQUE INDEX govstack_object_mark ON govstack_object (org_id, mark) WHERE mark IS NOT NULL;
CREATE INDEX govstack_object_list ON govstack_object (org_id, kind, id);

CREATE TABLE govstack_revision (
	subject_id BYTEA NOT NULL,
	org_id     BYTEA NOT NULL,
	object_id  BYTEA NOT NULL,
	number     BIGINT NOT NULL,
	id         BYTEA NOT NULL,
	sealed     BYTEA NOT NULL,
	PRIMARY KEY (subject_id, org_id, object_id, number)
) /*table*/;

-- +goose Down
DROP TABLE govstack_revision;
DROP TABLE govstack_object;
