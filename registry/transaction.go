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
}

// Empty reports whether the transaction changes nothing.
func (t Transaction) Empty() bool {
	return len(t.Put)+len(t.Delete)+len(t.Sites)+len(t.DeleteSites) == 0
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
// channels that aren't given are deleted.
func Plan(s *Snapshot, in []Channel, prune bool) (Transaction, Counts) {
	var tx Transaction
	var n Counts
	given := make(map[string]struct{}, len(in))
	for _, c := range in {
		given[c.ID] = struct{}{}
		old, there := s.Get(c.ID)
		c = c.WithPasswordOf(old)
		switch {
		case !there:
			n.Created++
		case Equal(old, c):
			n.Unchanged++
			continue
		default:
			n.Updated++
		}
		tx.Put = append(tx.Put, c)
	}
	if prune {
		for _, e := range s.entries {
			if _, ok := given[e.ch.ID]; !ok {
				tx.Delete = append(tx.Delete, e.ch.ID)
			}
		}
		n.Deleted = len(tx.Delete)
	}
	return tx, n
}
