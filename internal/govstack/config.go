package govstack

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/verify"
)

// change lands the next version of an object of the configuration: a new one for
// old nil. The revision of it goes with it, and its hash into the journal.
func (f *Face) change(ctx context.Context, who *Who, old *Row, kind Kind, id string, body, snapshot any, hide bool) (*Revision, error) {
	return f.changeBy(ctx, who, old, kind, id, body, snapshot, hide, f.Store.PutObject)
}

// putter lands an object, with what belongs to it.
type putter func(ctx context.Context, o *Row, rev *RevisionRow, r *journal.Record) (stale bool, err error)

func (f *Face) changeBy(ctx context.Context, who *Who, old *Row, kind Kind, id string, body, snapshot any, hide bool, put putter) (*Revision, error) {
	now := f.Now()
	o := &Row{Org: who.Org.ID, ID: ident.NewID(now), Kind: kind, Sum: f.sum(who.Org.ID, kind, id)}
	var before []Revision
	if old != nil {
		*o = *old
		var err error
		if before, err = f.chain(ctx, who.Org, o); err != nil {
			return nil, err
		}
	}
	o.Version++
	o.Hidden = hide
	if err := f.close(ctx, who.Org, o, body); err != nil {
		return nil, err
	}
	s := &Snapshot{SchemaName: schemaNames[kind], ObjectID: id, Timestamp: stamp(now), AuthorizedByOther: who.By.Kind + " " + who.By.ID}
	rev, err := revise(f.Keys, now, id, s, snapshot, last(before))
	if err != nil {
		return nil, err
	}
	row, err := f.sealRevision(ctx, who.Org, o, len(before)+1, rev)
	if err != nil {
		return nil, err
	}
	rec, err := f.record(ctx, who, o, "govstack.config", func(e *verify.Entry) { e.Detail, e.Digest = string(kind), digest(rev) })
	if err != nil {
		return nil, err
	}
	stale, err := put(ctx, o, row, rec)
	if err == nil && stale {
		err = errContended
	}
	return rev, err
}

// put lands what was given, once more where another was faster; each try begins with
// it as it was given.
func put[T any](given *T, land func(*T) (*Revision, error)) (rev *Revision, err error) {
	err = again(func() error {
		try := *given
		if rev, err = land(&try); err == nil {
			*given = try
		}
		return err
	})
	return rev, err
}

// fresh checks the id of a new object, or makes one.
func (f *Face) fresh(ctx context.Context, who *Who, kind Kind, id *string) error {
	if *id == "" {
		*id = ident.NewID(f.Now()).String()
		return nil
	}
	_, err := f.find(ctx, who.Org, kind, "id", *id)
	switch {
	case err == nil || kind == KindPolicy && strings.HasPrefix(*id, ownPrefix):
		return &fault.Error{Kind: fault.Conflict, Code: "govstack-exists", Field: "id"}
	case fault.Is(err, "govstack-unknown"):
		return nil
	}
	return err
}

// same refuses a body that is about another object than the address.
func same(id string, given *string) error {
	if *given != "" && *given != id {
		return fault.Bad("id", "govstack-other")
	}
	*given = id
	return nil
}

// objects reads all objects of a kind of the configuration, the oldest first.
func objects[T any](ctx context.Context, f *Face, who *Who, kind Kind) ([]Row, []T, error) {
	rows, err := f.Store.Objects(ctx, Filter{Org: who.Org.ID, Kind: kind})
	if err != nil {
		return nil, nil, err
	}
	out := make([]T, len(rows))
	for i := range rows {
		if err := f.open(ctx, who.Org, &rows[i], &out[i]); err != nil {
			return nil, nil, err
		}
	}
	return rows, out, nil
}

// Page cuts a list by offset and limit.
func Page[T any](list []T, offset, limit int) []T {
	offset = min(offset, len(list))
	return list[offset : offset+min(limit, len(list)-offset)]
}

// asOf reads an object as it was at a revision: the newest for none named.
func asOf[T any](list []Revision, revision string, into *T) (*Revision, error) {
	if revision == "" {
		return last(list), nil
	}
	i := slices.IndexFunc(list, func(r Revision) bool { return r.ID == revision })
	if i < 0 {
		return nil, &fault.Error{Kind: fault.NotFound, Code: "govstack-unknown", Field: "revisionId"}
	}
	var s Snapshot
	if err := json.Unmarshal([]byte(list[i].SerializedSnapshot), &s); err != nil {
		return nil, err
	}
	*into = *new(T)
	return &list[i], json.Unmarshal(s.ObjectData, into)
}

// PutPolicy creates a policy, for id empty, or changes one. An agreement goes on
// under the revision that it was made with.
func (f *Face) PutPolicy(ctx context.Context, who *Who, id string, p *Policy) (*Revision, error) {
	return put(p, func(p *Policy) (*Revision, error) { return f.putPolicy(ctx, who, id, p) })
}

func (f *Face) putPolicy(ctx context.Context, who *Who, id string, p *Policy) (*Revision, error) {
	old, err := f.target(ctx, who, KindPolicy, "policyId", id, &p.ID)
	if err != nil {
		return nil, err
	}
	if err := required(map[string]string{"name": p.Name, "version": p.Version, "url": p.URL}); err != nil {
		return nil, err
	}
	if err := texts(map[string]string{
		"name": p.Name, "version": p.Version, "url": p.URL, "jurisdiction": p.Jurisdiction, "industrySector": p.IndustrySector,
		"geographicRestriction": p.GeographicRestriction, "storageLocation": p.StorageLocation,
	}); err != nil {
		return nil, err
	}
	if n := p.DataRetentionPeriodDays; n != nil && (*n < 0 || *n > 100_000) {
		return nil, fault.Bad("dataRetentionPeriodDays", "out-of-range", "min", 0, "max", 100_000)
	}
	return f.change(ctx, who, old, KindPolicy, p.ID, p, p, false)
}

// target finds the object that a call changes, nil for a new one, and settles the
// id of what is given.
func (f *Face) target(ctx context.Context, who *Who, kind Kind, field, id string, given *string) (*Row, error) {
	if id == "" {
		return nil, f.fresh(ctx, who, kind, given)
	}
	old, err := f.find(ctx, who.Org, kind, field, id)
	if err != nil {
		return nil, err
	}
	return old, same(id, given)
}

func required(list map[string]string) error {
	var missing []string
	for field, text := range list {
		if strings.TrimSpace(text) == "" {
			missing = append(missing, field)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fault.Bad(slices.Min(missing), "missing-field")
}

// Policy reads one, as of a revision or as it is. The organization's own policy
// has no revisions here: its versions are those of the register.
func (f *Face) Policy(ctx context.Context, who *Who, id, revision string) (*Policy, []Revision, *Revision, error) {
	if own := ownPolicy(who); own != nil && own.ID == id && revision == "" {
		return own, nil, nil, nil
	}
	o, err := f.find(ctx, who.Org, KindPolicy, "policyId", id)
	if err != nil {
		return nil, nil, nil, err
	}
	p := &Policy{}
	if err := f.open(ctx, who.Org, o, p); err != nil {
		return nil, nil, nil, err
	}
	list, err := f.chain(ctx, who.Org, o)
	if err != nil {
		return nil, nil, nil, err
	}
	rev, err := asOf(list, revision, p)
	return p, list, rev, err
}

// Policies lists the organization's own policy and those made here, or the one
// that a revision is of.
func (f *Face) Policies(ctx context.Context, who *Who, revision string) ([]Policy, error) {
	rows, list, err := objects[Policy](ctx, f, who, KindPolicy)
	if err != nil {
		return nil, err
	}
	if revision != "" {
		return ofRevision(ctx, f, who, rows, list, revision)
	}
	if own := ownPolicy(who); own != nil {
		list = append([]Policy{*own}, list...)
	}
	return list, nil
}

// ofRevision is the object that a revision is of, as it was then.
func ofRevision[T any](ctx context.Context, f *Face, who *Who, rows []Row, list []T, revision string) ([]T, error) {
	for i := range rows {
		chain, err := f.chain(ctx, who.Org, &rows[i])
		if err != nil {
			return nil, err
		}
		if _, err := asOf(chain, revision, &list[i]); err == nil {
			return list[i : i+1], nil
		}
	}
	return nil, &fault.Error{Kind: fault.NotFound, Code: "govstack-unknown", Field: "revisionId"}
}

// DeletePolicy hides a policy that no active agreement is under.
func (f *Face) DeletePolicy(ctx context.Context, who *Who, id string) (*Revision, error) {
	_, agreements, err := objects[Agreement](ctx, f, who, KindAgreement)
	if err != nil {
		return nil, err
	}
	for i := range agreements {
		if a := &agreements[i]; a.PolicyID == id && (a.Active == nil || *a.Active) {
			return nil, &fault.Error{Kind: fault.Conflict, Code: "govstack-policy-used", Field: "policyId"}
		}
	}
	return remove[Policy](ctx, f, who, KindPolicy, "policyId", id)
}

func remove[T any](ctx context.Context, f *Face, who *Who, kind Kind, field, id string) (rev *Revision, err error) {
	err = again(func() error {
		rev, err = removeOnce[T](ctx, f, who, kind, field, id)
		return err
	})
	return rev, err
}

func removeOnce[T any](ctx context.Context, f *Face, who *Who, kind Kind, field, id string) (*Revision, error) {
	o, err := f.find(ctx, who.Org, kind, field, id)
	if err != nil {
		return nil, err
	}
	var body T
	if err := f.open(ctx, who.Org, o, &body); err != nil {
		return nil, err
	}
	return f.change(ctx, who, o, kind, id, &body, &body, true)
}

// PutAgreement creates an agreement, for id empty, or changes one.
func (f *Face) PutAgreement(ctx context.Context, who *Who, id string, a *Agreement) (*Revision, error) {
	return put(a, func(a *Agreement) (*Revision, error) { return f.putAgreement(ctx, who, id, a) })
}

func (f *Face) putAgreement(ctx context.Context, who *Who, id string, a *Agreement) (*Revision, error) {
	old, err := f.target(ctx, who, KindAgreement, "dataAgreementId", id, &a.ID)
	if err != nil {
		return nil, err
	}
	if err := checkAgreement(a); err != nil {
		return nil, err
	}
	if err := f.govern(ctx, who, a); err != nil {
		return nil, err
	}
	a.Lifecycle, a.PurposeID, a.RegisterVersion = nil, "", 0
	if a.RegisterVersion, err = f.declare(ctx, who, a); err != nil {
		return nil, err
	}
	a.Controller = controller(who.Org, who)
	rev, err := f.change(ctx, who, old, KindAgreement, a.ID, a, a, false)
	f.complete(who, a)
	return rev, err
}

func checkAgreement(a *Agreement) error {
	if err := required(map[string]string{"version": a.Version, "purpose": a.Purpose, "lawfulBasis": a.LawfulBasis}); err != nil {
		return err
	}
	if err := texts(map[string]string{"version": a.Version, "purpose": a.Purpose, "dpia": a.DPIA}); err != nil {
		return err
	}
	if !slices.Contains(bases, a.LawfulBasis) {
		return fault.Bad("lawfulBasis", "bad-enum", "allowed", strings.Join(bases, ", "))
	}
	if !slices.Contains(dataUses, a.DataUse) {
		return fault.Bad("dataUse", "bad-enum", "allowed", strings.Join(dataUses[2:], ", "))
	}
	if a.DataUse == "null" {
		a.DataUse = ""
	}
	if len(a.Attributes) > maxParts {
		return fault.Bad("attributes", "too-many-items", "max", maxParts)
	}
	for i := range a.Attributes {
		x := &a.Attributes[i]
		if err := texts(map[string]string{"id": x.ID, "name": x.Name, "sensitivity": x.Sensitivity, "category": x.Category}); err != nil {
			return fault.Bad(fmt.Sprintf("attributes[%d]", i), "too-long", "max", maxText)
		}
	}
	return nil
}

// govern puts an agreement under the policy that it names, by id, flat or nested,
// as that is now: a later revision of the policy does not touch it.
func (f *Face) govern(ctx context.Context, who *Who, a *Agreement) error {
	id := a.PolicyID
	if a.Policy != nil && a.Policy.ID != "" {
		if id != "" && id != a.Policy.ID {
			return fault.Bad("policyId", "govstack-other")
		}
		id = a.Policy.ID
	}
	if a.Policy != nil && id == "" {
		return fault.Bad("policy.id", "missing-field")
	}
	a.Policy, a.PolicyID, a.PolicyRevisionID = nil, "", ""
	if id == "" {
		return nil
	}
	p, _, rev, err := f.Policy(ctx, who, id, "")
	if err != nil {
		return err
	}
	a.Policy, a.PolicyID = p, p.ID
	if rev != nil {
		a.PolicyRevisionID = rev.ID
	}
	return nil
}

// complete fills in what follows from the register of the moment.
func (f *Face) complete(who *Who, a *Agreement) {
	a.PurposeID = ""
	if p := bind(who.Org.Register, a); p != nil {
		a.PurposeID, a.RegisterVersion = p.ID, 0
	}
	on := f.active(who.Org.Register, a)
	a.Active = &on
	a.Lifecycle = &Lifecycle{"draft", "Draft"}
	if a.PurposeID != "" {
		a.Lifecycle = &Lifecycle{"complete", "Complete"}
	}
	if a.Policy == nil {
		if a.Policy = ownPolicy(who); a.Policy != nil {
			a.PolicyID = a.Policy.ID
		}
	}
}

// Agreement reads one with its revisions.
func (f *Face) Agreement(ctx context.Context, who *Who, id string) (*Agreement, []Revision, error) {
	a, _, list, err := f.agreement(ctx, who, id)
	if err != nil {
		return nil, nil, err
	}
	f.complete(who, a)
	return a, list, nil
}

// agreement reads one as it is kept.
func (f *Face) agreement(ctx context.Context, who *Who, id string) (*Agreement, *Row, []Revision, error) {
	o, err := f.find(ctx, who.Org, KindAgreement, "dataAgreementId", id)
	if err != nil {
		return nil, nil, nil, err
	}
	a := &Agreement{}
	if err := f.open(ctx, who.Org, o, a); err != nil {
		return nil, nil, nil, err
	}
	list, err := f.chain(ctx, who.Org, o)
	return a, o, list, err
}

// Agreements lists them, the oldest first.
func (f *Face) Agreements(ctx context.Context, who *Who) ([]Agreement, error) {
	_, list, err := objects[Agreement](ctx, f, who, KindAgreement)
	for i := range list {
		f.complete(who, &list[i])
	}
	return list, err
}

// DeleteAgreement hides an agreement. Consents that were given to it stay as they
// are: only their subjects take them back.
func (f *Face) DeleteAgreement(ctx context.Context, who *Who, id string) (*Revision, error) {
	return remove[Agreement](ctx, f, who, KindAgreement, "dataAgreementId", id)
}
