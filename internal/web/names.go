package web

import (
	"context"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

type registerKey struct {
	org     ident.ID
	version int
}

// registerOf is the description that an organization had in a version, so that
// what happened then is told in the words of then. Version 0 is the one in
// force; nil where there is none. A version never changes, so it is kept.
func (p *Pages) registerOf(ctx context.Context, o *party.Organization, version int) (*register.Register, error) {
	if version == 0 || o.Register != nil && o.Register.Version == version {
		return o.Register, nil
	}
	if r := p.known(o, version); r != nil {
		return r, nil
	}
	all, err := p.Store.Versions(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Number == version {
			return p.compiled(o, &all[i])
		}
	}
	return o.Register, nil
}

func (p *Pages) known(o *party.Organization, version int) *register.Register {
	v, _ := p.registers.Load(registerKey{o.ID, version})
	r, _ := v.(*register.Register)
	return r
}

// compiled is the register of a version, compiled once.
func (p *Pages) compiled(o *party.Organization, v *party.Version) (*register.Register, error) {
	if r := p.known(o, v.Number); r != nil {
		return r, nil
	}
	r, err := p.compile(v)
	if err == nil {
		p.registers.Store(registerKey{o.ID, v.Number}, r)
	}
	return r, err
}

func (p *Pages) compile(v *party.Version) (*register.Register, error) {
	d, err := register.Parse(v.Canonical, p.Parties.Rules)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "internal", err)
	}
	return register.Compile(d, v.Number), nil
}
