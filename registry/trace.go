package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Trace is what one transaction did to one channel.
type Trace struct {
	At     time.Time
	By     string
	Action string
	Put    *Channel // what the channel became; nil: it was deleted
}

// TraceChannel looks for the channel in what EncodeTransaction made, without decoding the others;
// false when the transaction has nothing of it. The error wraps ErrForm or ErrSealed.
func TraceChannel(b []byte, id string, sealer Sealer) (Trace, bool, error) {
	h, rest, err := decodeHeader(b)
	if err != nil {
		return Trace{}, false, fmt.Errorf("trace channel %s: %w", id, err)
	}
	t := Trace{At: h.At, By: h.By, Action: h.Action}
	if slices.Contains(h.Delete, id) {
		return t, true, nil
	}
	quoted, err := json.Marshal(id)
	if err != nil {
		return t, false, fmt.Errorf("trace channel %s: %w", id, err)
	}
	// The id stands first in a line, which EncodeTransaction sees to.
	begins := slices.Concat([]byte(`{"id":`), quoted, []byte(`,`))
	for {
		at := bytes.Index(rest, begins)
		if at < 0 {
			return t, false, nil
		}
		if at > 0 && rest[at-1] != '\n' { // within a text of another channel
			rest = rest[at+1:]
			continue
		}
		line, _, _ := bytes.Cut(rest[at:], []byte("\n"))
		c, err := decodeRecord(line, sealer, repeated{})
		if err != nil {
			return t, false, fmt.Errorf("trace channel %s: %w", id, err)
		}
		t.Put = &c
		return t, true, nil
	}
}

// Count is what the transaction does to the snapshot.
func (s *Snapshot) Count(tx Transaction) Counts {
	var n Counts
	for i := range tx.Put {
		old, there := s.Get(tx.Put[i].ID)
		switch {
		case !there:
			n.Created++
		case Equal(old, tx.Put[i]):
			n.Unchanged++
		default:
			n.Updated++
		}
	}
	for _, id := range tx.Delete {
		if _, there := s.Get(id); there {
			n.Deleted++
		}
	}
	return n
}
