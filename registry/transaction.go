package registry

import "time"

// Transaction is one change of the registry, there whole or not at all: an edit, an import.
type Transaction struct {
	ID          string
	At          time.Time
	By          string // user
	Action      string // import, edit, prune …
	Put         []Channel
	Delete      []string // ids of channels
	Sites       []Site
	DeleteSites []string // paths
	// Maintenance are windows that are put, DeleteMaintenance the ids of those that are taken away.
	Maintenance       []Maintenance
	DeleteMaintenance []string
}

// Empty reports whether the transaction changes nothing.
func (t Transaction) Empty() bool {
	return len(t.Put)+len(t.Delete)+len(t.Sites)+len(t.DeleteSites)+len(t.Maintenance)+len(t.DeleteMaintenance) == 0
}

// Counts is what an import did, or would do.
type Counts struct {
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	Deleted   int `json:"deleted"`
}

// Plan is the transaction that makes the registry hold the given channels, each id once. A channel
// without a password keeps the one it has, as long as its user name is the same; every other field
// is taken as it is given. A channel that is there already, the same, isn't put again. With prune,
// channels that aren't given are deleted, but for those that belong to the level below.
func Plan(s *Snapshot, in []Channel, prune bool) (Transaction, Counts) {
	tx, n, _ := PlanDetailed(s, in, prune, 0)
	return tx, n
}

// PlanDetailed is Plan, and says of each channel what becomes of it, up to most of each kind.
func PlanDetailed(s *Snapshot, in []Channel, prune bool, most int) (Transaction, Counts, Changes) {
	var tx Transaction
	var n Counts
	changes := Changes{Created: []string{}, Updated: []ChannelChange{}, Deleted: []string{}}
	given := make(map[string]struct{}, len(in))
	for _, c := range in {
		given[c.ID] = struct{}{}
		old, there := s.Get(c.ID)
		c = c.WithPasswordOf(old)
		switch {
		case !there:
			if n.Created++; n.Created <= most {
				changes.Created = append(changes.Created, c.ID)
			}
		case Equal(old, c):
			n.Unchanged++
			continue
		default:
			if n.Updated++; n.Updated <= most {
				changes.Updated = append(changes.Updated, ChannelChange{c.ID, Diff(old, c)})
			}
		}
		tx.Put = append(tx.Put, c)
	}
	if prune {
		for c := range s.All() {
			if _, ok := given[c.ID]; !ok && c.Via == "" {
				tx.Delete = append(tx.Delete, c.ID)
			}
		}
		n.Deleted = len(tx.Delete)
		changes.Deleted = append(changes.Deleted, tx.Delete[:min(most, len(tx.Delete))]...)
	}
	return tx, n, changes
}
