package audit

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry/event"
)

// paper is a ledger in memory. Faults happen to the next appends, one each.
type paper struct {
	mu     sync.Mutex
	blocks [][]byte
	faults []string // lost: it is written and nobody is told; away: it is not
}

func (p *paper) Last(context.Context) (uint64, []byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.blocks) == 0 {
		return 0, nil, nil
	}
	return uint64(len(p.blocks)), p.blocks[len(p.blocks)-1], nil
}

func (p *paper) First(context.Context) (uint64, error) { return 1, nil }

func (p *paper) Get(_ context.Context, sequence uint64) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if sequence < 1 || sequence > uint64(len(p.blocks)) {
		return nil, nil
	}
	return p.blocks[sequence-1], nil
}

func (p *paper) Append(_ context.Context, last uint64, block []byte) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last != uint64(len(p.blocks)) {
		return 0, ErrTaken
	}
	fault := ""
	if len(p.faults) > 0 {
		fault, p.faults = p.faults[0], p.faults[1:]
	}
	if fault != "away" {
		p.blocks = append(p.blocks, slices.Clone(block))
	}
	if fault != "" {
		return 0, errors.New(fault)
	}
	return uint64(len(p.blocks)), nil
}

func key() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) }

func check(p *paper, keys ...string) Report {
	v := Verifier{Keys: keys}
	for i, b := range p.blocks {
		v.Add(uint64(i+1), b)
	}
	return v.Report()
}

// writing runs n writers on one ledger while f works, and then ends them in good order.
func writing(t *testing.T, p *paper, n int, f func([]*Writer)) (published *[]event.Event) {
	published = new([]event.Event)
	var mu sync.Mutex
	ctx, stop := context.WithCancel(t.Context())
	var all []*Writer
	var running sync.WaitGroup
	for i := range n {
		w := New(Options{Ledger: p, Node: fmt.Sprint("n", i), Key: key(), Log: slog.New(slog.DiscardHandler), Publish: func(e event.Event) {
			mu.Lock()
			defer mu.Unlock()
			*published = append(*published, e)
		}})
		all = append(all, w)
		running.Go(func() { _ = w.Run(ctx) })
	}
	f(all)
	stop()
	running.Wait()
	return published
}

// Two gateways write one chain, whatever answers are lost, and nothing that was noted is missing or there
// twice.
func TestChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{faults: []string{"", "lost", "away", "", "lost", "away", "away"}}
		const each = 300
		published := writing(t, p, 2, func(ws []*Writer) {
			for i := range each {
				for n, w := range ws {
					w.Note(event.AuditViewed, event.Audit{User: fmt.Sprint(n), Target: fmt.Sprint(i)})
				}
				time.Sleep(20 * time.Millisecond)
			}
			time.Sleep(2 * time.Hour) // long enough to be signed
		})
		r := check(p, PublicKey(key()))
		if len(r.Problems) > 0 || r.Records != 2*each || r.Signed.IsZero() || r.Unsigned != 0 || r.Lost != 0 {
			t.Errorf("%+v", r)
		}
		if len(*published) != 2*each {
			t.Errorf("%d were published, want %d", len(*published), 2*each)
		}
		found, next, err := Search(t.Context(), p, Query{User: "1", Target: "17"}, 0, 10)
		if err != nil || len(found) != 1 || next != 0 {
			t.Errorf("%d found, next %d, %v", len(found), next, err)
		}
	})
}

// Whatever is done to a record afterwards is found.
func TestTampering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole := &paper{}
		writing(t, whole, 1, func(ws []*Writer) {
			for i := range 10 {
				ws[0].Note(event.AuditChanged, event.Audit{User: "ann", Target: fmt.Sprint(i)})
				time.Sleep(time.Second)
			}
		})
		if r := check(whole); len(r.Problems) != 0 || r.Records != 10 || len(r.Keys) != 1 || r.Unsigned != 0 {
			t.Fatalf("%+v", r)
		}
		other := PublicKey(ed25519.NewKeyFromSeed(append(make([]byte, ed25519.SeedSize-1), 1)))
		if r := check(whole, other); len(r.Problems) != 1 {
			t.Errorf("a key that isn't the city's: %+v", r)
		}
		for what, change := range map[string]func(p *paper){
			"a name is changed": func(p *paper) {
				p.blocks[4] = []byte(strings.Replace(string(p.blocks[4]), `"ann"`, `"bob"`, 1))
			},
			"a block is taken out": func(p *paper) { p.blocks = slices.Delete(p.blocks, 3, 4) },
			"the first is taken":   func(p *paper) { p.blocks = p.blocks[1:] },
			"two are exchanged":    func(p *paper) { p.blocks[2], p.blocks[3] = p.blocks[3], p.blocks[2] },
			"one is made up": func(p *paper) {
				b, _ := json.Marshal(Block{Prev: Hash(p.blocks[len(p.blocks)-2]), Signature: &Signature{Key: PublicKey(key()), Value: "AAAA"}})
				p.blocks[len(p.blocks)-1] = b
			},
			"all after one is made anew, unsigned": func(p *paper) {
				p.blocks[8] = []byte(strings.Replace(string(p.blocks[8]), `"ann"`, `"bob"`, 1))
				for i := 9; i < len(p.blocks); i++ {
					var b Block
					_ = json.Unmarshal(p.blocks[i], &b)
					b.Prev = Hash(p.blocks[i-1])
					p.blocks[i], _ = json.Marshal(b)
				}
			},
		} {
			p := &paper{blocks: slices.Clone(whole.blocks)}
			change(p)
			if r := check(p, PublicKey(key())); len(r.Problems) == 0 {
				t.Errorf("%s, and nothing is found: %+v", what, r)
			}
		}
	})
}

// A thousand wrong passwords a second are one record a minute for each who guesses, and what there is no room
// for is counted in the record.
func TestFloods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{}
		writing(t, p, 1, func(ws []*Writer) {
			for range 90 * 100 {
				ws[0].Note(event.AuditDenied, event.Audit{User: "root", Address: "10.0.0.1", Action: "GET"})
				time.Sleep(10 * time.Millisecond)
			}
		})
		found, _, err := Search(t.Context(), p, Query{Types: []string{"denied"}, User: "root"}, 0, 100)
		total := 0
		for _, r := range found {
			total += max(r.Data.Count, 1)
		}
		if err != nil || len(found) > 5 || total != 90*100 {
			t.Errorf("%d records of %d, %v", len(found), total, err)
		}
		full := &paper{}
		writing(t, full, 1, func(ws []*Writer) {
			for i := range mostWaiting + 100 {
				ws[0].Note(event.AuditViewed, event.Audit{Target: fmt.Sprint(i)})
			}
			time.Sleep(time.Minute)
		})
		if r := check(full); r.Lost != 100 || r.Records != mostWaiting || len(r.Problems) != 0 {
			t.Errorf("%+v", r)
		}
		many := &paper{}
		writing(t, many, 1, func(ws []*Writer) {
			for i := range 3 * mostDenials {
				ws[0].Note(event.AuditDenied, event.Audit{Address: fmt.Sprint(i), Action: "GET"})
			}
		})
		if r := check(many); r.Records > mostDenials+2 {
			t.Errorf("%d records of guesses from everywhere", r.Records)
		}
	})
}

func TestSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{}
		start := time.Now()
		writing(t, p, 1, func(ws []*Writer) {
			for i := range 100 {
				ws[0].Note(event.AuditViewed, event.Audit{User: fmt.Sprint(i % 2), Target: fmt.Sprint(i)})
				time.Sleep(time.Minute)
			}
		})
		var all []string
		for before := uint64(0); ; {
			page, next, err := Search(t.Context(), p, Query{User: "1", Since: start.Add(10 * time.Minute), Until: start.Add(30 * time.Minute)}, before, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				all = append(all, r.Data.Target)
			}
			if before = next; next == 0 {
				break
			}
		}
		if got := strings.Join(all, " "); got != "29 27 25 23 21 19 17 15 13 11" {
			t.Error(got)
		}
	})
}

func FuzzVerifier(f *testing.F) {
	f.Add([]byte(`{"prev":"","at":"2026-05-01T00:00:00Z","node":"n","events":[{}]}`))
	f.Add([]byte(`{"prev":"x","signature":{"key":"AAAA","value":"!"}}`))
	f.Add([]byte(`nothing`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var v Verifier
		v.Add(1, b)
		v.Add(2, b)
		if r := v.Report(); r.Blocks != 2 {
			t.Errorf("%+v", r)
		}
	})
}
