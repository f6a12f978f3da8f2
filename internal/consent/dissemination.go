package consent

import "kelisim/internal/party"

// disseminates reports whether a consent is one to public dissemination alone: a
// document apart (policy 5.11), which ends the moment that is demanded (policy
// 5.15).
func (s *Consents) disseminates(_ *party.Organization, c *Consent) bool {
	return c.Terms.PublicSources && len(c.Terms.ThirdParties) == 0 && len(c.Terms.Countries) == 0
}
