package registry

// repeated holds each text once that thousands of channels have in common.
type repeated map[string]string

func (r repeated) share(c *Channel) {
	for _, s := range []*string{
		&c.Site, &c.Scenario, &c.Username, &c.Transport, &c.Motion, &c.Device, &c.InstallTime, &c.Contact,
		(*string)(&c.Password),
	} {
		if *s == "" {
			continue
		}
		if known, ok := r[*s]; ok {
			*s = known
		} else {
			r[*s] = *s
		}
	}
	for i, tag := range c.Tags {
		if known, ok := r[tag]; ok {
			c.Tags[i] = known
		} else {
			r[tag] = tag
		}
	}
}
