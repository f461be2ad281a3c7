package registry

import "slices"

// Equal reports whether two channels are the same in every field, the password included.
func Equal(a, b Channel) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Class == b.Class && a.Site == b.Site && a.Scenario == b.Scenario &&
		slices.Equal(a.Tags, b.Tags) &&
		same(a.Lon, b.Lon) && same(a.Lat, b.Lat) && same(a.Heading, b.Heading) &&
		a.URL == b.URL && a.SubURL == b.SubURL && a.Username == b.Username && a.Password == b.Password &&
		a.Transport == b.Transport && a.Motion == b.Motion && a.Device == b.Device &&
		a.InstallTime == b.InstallTime && a.Contact == b.Contact && same(a.RecordDays, b.RecordDays) &&
		a.Enabled == b.Enabled && a.Via == b.Via
}

// same reports whether two optional values are both absent or both there and equal.
func same[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}
