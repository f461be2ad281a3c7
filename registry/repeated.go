package registry

// repeated holds each text once that thousands of channels have in common.
type repeated map[string]string

func (r repeated) share(c *Channel) {
	for _, s := range []*string{
		&c.Site, &c.Scenario, &c.Username, &c.Transport, &c.Motion, &c.Device, &c.InstallTime, &c.Contact, &c.Via,
		(*string)(&c.Password),
	} {
		*s = r.one(*s)
	}
	for i, tag := range c.Tags {
		c.Tags[i] = r.one(tag)
	}
}

// one is the text as it was first seen.
func (r repeated) one(s string) string {
	if s == "" {
		return s
	}
	known, ok := r[s]
	if !ok {
		r[s], known = s, s
	}
	return known
}

// of is one of bytes.
func (r repeated) of(b []byte) string {
	if known, ok := r[string(b)]; ok { // without making a string
		return known
	}
	return r.one(string(b))
}
