package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// The form of the log and of the snapshots that shorten it: lines of JSON, so that what is kept can
// be read with common tools, and a long one decoded by all cores at once. The first line is a
// header with the version of the form and the numbers of sites and channels, whose lines follow.
// But for the nonces of sealed passwords, the same content always gives the same bytes.

// formVersion is the version of the form that is written, and the only one that is read.
const formVersion = 1

// ErrForm says that a transaction or snapshot isn't in a form that this program reads: damaged, or
// written by a later version.
var ErrForm = errors.New("unreadable registry record")

// record is a channel as it is kept, its password sealed.
type record struct {
	plain
	Sealed []byte `json:"sealed_password,omitempty"`
}

// header is the first line. Only a transaction has the fields from ID to DeleteSites.
type header struct {
	V           int       `json:"v"`
	Version     uint64    `json:"version,omitempty"` // of a snapshot
	ID          string    `json:"id,omitempty"`
	At          time.Time `json:"at,omitzero"`
	By          string    `json:"by,omitempty"`
	Action      string    `json:"action,omitempty"`
	Delete      []string  `json:"delete,omitempty"`
	DeleteSites []string  `json:"delete_sites,omitempty"`
	Sites       int       `json:"sites"`    // lines
	Channels    int       `json:"channels"` // lines, after those of the sites
}

// EncodeTransaction is the transaction as the log keeps it, passwords sealed.
func EncodeTransaction(tx Transaction, sealer Sealer) ([]byte, error) {
	h := header{
		ID: tx.ID, At: tx.At.UTC(), By: tx.By, Action: tx.Action, Delete: tx.Delete, DeleteSites: tx.DeleteSites,
		Channels: len(tx.Put),
	}
	b, err := encodeForm(h, tx.Sites, slices.Values(tx.Put), sealer)
	if err != nil {
		return nil, fmt.Errorf("encode transaction %s: %w", tx.ID, err)
	}
	return b, nil
}

// DecodeTransaction reads what EncodeTransaction made. The error wraps ErrForm or ErrSealed.
func DecodeTransaction(b []byte, sealer Sealer) (Transaction, error) {
	h, sites, channels, err := decodeForm(b, sealer)
	if err != nil {
		return Transaction{}, fmt.Errorf("decode transaction: %w", err)
	}
	return Transaction{
		ID: h.ID, At: h.At, By: h.By, Action: h.Action, Delete: h.Delete, DeleteSites: h.DeleteSites,
		Put: channels, Sites: sites,
	}, nil
}

// EncodeSnapshot is the whole registry with its version, passwords sealed.
func EncodeSnapshot(s *Snapshot, sealer Sealer) ([]byte, error) {
	b, err := encodeForm(header{Version: s.version, Channels: s.Len()}, s.described, s.All(), sealer)
	if err != nil {
		return nil, fmt.Errorf("encode snapshot %d: %w", s.version, err)
	}
	return b, nil
}

// DecodeSnapshot reads what EncodeSnapshot made. The error wraps ErrForm or ErrSealed.
func DecodeSnapshot(b []byte, sealer Sealer) (*Snapshot, error) {
	h, sites, channels, err := decodeForm(b, sealer)
	if err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	s := Empty()
	if h.Version > 0 {
		if s, err = s.Apply(Transaction{Put: channels, Sites: sites}, h.Version); err != nil {
			return nil, fmt.Errorf("decode snapshot: %w: %w", ErrForm, err)
		}
	}
	return s, nil
}

func encodeForm(h header, sites []Site, channels iter.Seq[Channel], sealer Sealer) ([]byte, error) {
	h.V, h.Sites = formVersion, len(sites)
	var b bytes.Buffer
	b.Grow(512 * (h.Channels + 1))
	e := json.NewEncoder(&b) // ends each value with a new line
	e.SetEscapeHTML(false)
	if err := e.Encode(h); err != nil {
		return nil, err
	}
	for i := range sites {
		if err := e.Encode(&sites[i]); err != nil {
			return nil, fmt.Errorf("site %s: %w", sites[i].Path, err)
		}
	}
	var r record
	for c := range channels {
		r = record{plain: plain(c)}
		if c.Password != "" {
			var err error
			if r.Sealed, err = sealer.Seal(c.ID, c.Password); err != nil {
				return nil, err
			}
		}
		if err := e.Encode(&r); err != nil {
			return nil, fmt.Errorf("channel %s: %w", c.ID, err)
		}
	}
	return b.Bytes(), nil
}

func decodeForm(b []byte, sealer Sealer) (header, []Site, []Channel, error) {
	first, rest, _ := bytes.Cut(b, []byte("\n"))
	var h header
	if err := json.Unmarshal(first, &h); err != nil {
		return h, nil, nil, fmt.Errorf("%w: header: %w", ErrForm, err)
	}
	if h.V != formVersion {
		return h, nil, nil, fmt.Errorf("%w: its form is version %d, this program reads %d", ErrForm, h.V, formVersion)
	}
	lines := bytes.Split(bytes.TrimSuffix(rest, []byte("\n")), []byte("\n"))
	if len(rest) == 0 {
		lines = nil
	}
	if h.Sites < 0 || h.Channels < 0 || len(lines) != h.Sites+h.Channels {
		return h, nil, nil, fmt.Errorf("%w: %d lines instead of %d sites and %d channels", ErrForm, len(lines), h.Sites, h.Channels)
	}
	var sites []Site
	for _, line := range lines[:h.Sites] {
		var s Site
		if err := json.Unmarshal(line, &s); err != nil {
			return h, nil, nil, fmt.Errorf("%w: site: %w", ErrForm, err)
		}
		sites = append(sites, s)
	}
	channels, err := decodeRecords(lines[h.Sites:], sealer)
	return h, sites, channels, err
}

// decodeRecords decodes the lines on all cores, a stretch each.
func decodeRecords(lines [][]byte, sealer Sealer) ([]Channel, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	channels := make([]Channel, len(lines))
	stretch := max(256, (len(lines)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	var g errgroup.Group
	for from := 0; from < len(lines); from += stretch {
		to := min(from+stretch, len(lines))
		g.Go(func() error {
			words := repeated{}
			for i := from; i < to; i++ {
				var r record
				if err := json.Unmarshal(lines[i], &r); err != nil {
					return fmt.Errorf("%w: channel in line %d: %w", ErrForm, i, err)
				}
				c := Channel(r.plain)
				if r.Sealed != nil {
					var err error
					if c.Password, err = sealer.Open(c.ID, r.Sealed); err != nil {
						return err
					}
				}
				words.share(&c)
				channels[i] = c
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return channels, nil
}

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
