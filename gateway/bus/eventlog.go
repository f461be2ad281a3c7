package bus

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/registry/event"
)

// The bounds of one look at past events.
const (
	pastTimeout  = 20 * time.Second
	pastDense    = 25   // one event in so many is found quicker by reading them all
	pastAtOnce   = 8192 // events that are read in one stretch
	pastSubjects = 64   // that are looked for at once; beyond, wider ones
	mostTokens   = 6    // of a site, at most
)

// Past are stored events that the filter means, newest first, at most limit; those only that were
// stored from since on and before until (zero: no bound), and before the sequence before (0: none). next is what to give as before
// for the next page; 0 after the last. Pages neither skip nor repeat an event, however many come.
func (b *Bus) Past(ctx context.Context, f event.Filter, since, until time.Time, before uint64, limit int) (events [][]byte, next uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, pastTimeout)
	defer cancel()
	subjects := pastSubjectsOf(f)
	stream, err := b.js.Stream(ctx, eventStream)
	if err != nil {
		return nil, 0, fmt.Errorf("opening the stream of events: %w", err)
	}
	state := stream.CachedInfo().State
	if len(subjects) == 0 || state.Msgs == 0 || limit < 1 {
		return nil, 0, nil
	}
	p := past{stream: stream, f: f, subjects: subjects, low: state.FirstSeq, high: state.LastSeq, want: limit + 1}
	if before > 0 {
		p.high = min(p.high, before-1)
	}
	if !until.IsZero() {
		n, err := p.since(ctx, until)
		if err != nil {
			return nil, 0, err
		}
		p.high = min(p.high, state.LastSeq-min(n, state.LastSeq))
	}
	if !since.IsZero() {
		n, err := p.since(ctx, since)
		if err != nil {
			return nil, 0, err
		}
		p.low = max(p.low, state.LastSeq-min(n, state.LastSeq)+1)
	}
	if p.high < state.LastSeq {
		c, err := p.open(ctx, p.high+1)
		if err != nil {
			return nil, 0, err
		}
		p.later = c.CachedInfo().NumPending
		p.close(ctx, c)
	}
	if err := p.look(ctx); err != nil {
		return nil, 0, err
	}
	for i, e := range p.found {
		if i == limit {
			return events, p.found[limit-1].seq, nil
		}
		events = append(events, e.data)
	}
	return events, 0, nil
}

// past looks for events from the end, which JetStream has no word for: in stretches, each longer than
// the one before for as long as little is found, so that a page takes about as many readings for a
// frequent event as for a rare one.
type past struct {
	stream    jetstream.Stream
	f         event.Filter
	subjects  []string
	low, high uint64 // sequences that are still to be looked at
	later     uint64 // events of the subjects after high
	want      int
	found     []pastEvent // newest first
}

type pastEvent struct {
	seq  uint64
	data []byte
}

func (p *past) look(ctx context.Context) error {
	stretch := uint64(max(2*p.want, 256))
	for p.low <= p.high && len(p.found) < p.want {
		from := p.low
		if p.high-p.low >= stretch {
			from = p.high - stretch + 1
		}
		c, err := p.open(ctx, from)
		if err != nil {
			return err
		}
		pending := c.CachedInfo().NumPending
		n := pending - min(pending, p.later)
		all := p.high - from + 1
		dense := n*pastDense > all
		// The server's search for the next event of many subjects takes it far longer than to read one.
		if cost := min(all, n*pastDense); cost > pastAtOnce && n > uint64(2*p.want) {
			p.close(ctx, c)
			stretch = max(all/n*uint64(p.want)*5/4, 1)
			continue
		}
		if dense {
			p.close(ctx, c)
			if c, err = p.consumer(ctx, jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: max(from, 1)}); err != nil {
				return err
			}
			n = all
		}
		err = p.read(c, int(n))
		p.close(ctx, c)
		if err != nil {
			return err
		}
		p.later = pending
		if from == 0 {
			return nil
		}
		p.high = from - 1
		stretch *= 8
	}
	return nil
}

// read takes the n events of a stretch.
func (p *past) read(c jetstream.Consumer, n int) error {
	var all []pastEvent
	for n > 0 {
		batch, err := c.Fetch(min(n, 512), jetstream.FetchMaxWait(2*time.Second))
		if err != nil {
			return fmt.Errorf("reading past events: %w", err)
		}
		got := 0
		over := false
		for m := range batch.Messages() {
			got++
			meta, err := m.Metadata()
			if err != nil {
				return fmt.Errorf("reading past events: %w", err)
			}
			if meta.Sequence.Stream > p.high { // it came meanwhile
				over = true
				continue
			}
			if p.f.Matches(m.Subject()) {
				all = append(all, pastEvent{meta.Sequence.Stream, m.Data()})
			}
		}
		if err := batch.Error(); err != nil {
			return fmt.Errorf("reading past events: %w", err)
		}
		if n -= got; over || got == 0 { // or some have just become too old
			break
		}
	}
	slices.Reverse(all)
	p.found = append(p.found, all...)
	return nil
}

// open makes a reader of the events of the subjects from a sequence on; it knows how many there are.
func (p *past) open(ctx context.Context, from uint64) (jetstream.Consumer, error) {
	return p.consumer(ctx, jetstream.ConsumerConfig{
		FilterSubjects: p.subjects, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: max(from, 1),
	})
}

// since is how many events, of whatever kind, were stored at the time or later.
func (p *past) since(ctx context.Context, at time.Time) (uint64, error) {
	c, err := p.consumer(ctx, jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &at})
	if err != nil {
		return 0, err
	}
	defer p.close(ctx, c)
	return c.CachedInfo().NumPending, nil
}

func (p *past) consumer(ctx context.Context, cfg jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	cfg.AckPolicy = jetstream.AckNonePolicy
	cfg.InactiveThreshold = 10 * time.Second // should close fail
	cfg.MemoryStorage, cfg.Replicas = true, 1
	c, err := p.stream.CreateConsumer(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("opening the stream of events: %w", err)
	}
	return c, nil
}

func (p *past) close(ctx context.Context, c jetstream.Consumer) {
	_ = p.stream.DeleteConsumer(ctx, c.CachedInfo().Name) // else it ends by itself
}

// pastSubjectsOf are subjects that together have all events of the filter, and few others. No two
// of them have an event in common.
func pastSubjectsOf(f event.Filter) []string {
	kinds := f.Kinds
	if len(kinds) == 0 {
		if len(f.Classes)+len(f.Scenarios) == 0 && f.Site == "" && f.Channel == "" {
			return []string{eventSubjects}
		}
		for _, k := range event.Kinds() {
			kinds = append(kinds, string(k))
		}
	}
	classes, scenarios := []string{"*"}, []string{"*"}
	if len(f.Classes) > 0 {
		classes = nil
		for _, c := range f.Classes {
			classes = append(classes, "c"+c)
		}
	}
	if len(f.Scenarios) > 0 {
		scenarios = f.Scenarios
	}
	ends := pastEnds(f)
	if len(kinds)*len(classes)*len(scenarios)*len(ends) > pastSubjects {
		scenarios = []string{"*"}
	}
	if len(kinds)*len(classes)*len(ends) > pastSubjects {
		classes = []string{"*"}
	}
	var all []string
	for _, kind := range kinds {
		switch event.Kind(kind) {
		case event.KindSite, event.KindGateway:
			if len(f.Classes)+len(f.Scenarios) > 0 || f.Channel != "" {
				continue
			}
			site := strings.ReplaceAll(f.Site, "/", ".")
			switch {
			case site == "":
				all = append(all, event.Prefix+kind+".>")
			case event.Kind(kind) == event.KindSite:
				all = append(all, event.Prefix+kind+"."+site, event.Prefix+kind+"."+site+".>")
			}
			continue
		}
		for _, class := range classes {
			for _, scenario := range scenarios {
				for _, end := range ends {
					all = append(all, event.Prefix+kind+"."+class+"."+scenario+end)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// pastEnds is how the subjects of the filter's channels end. The id of a channel comes after a site
// of any length, which no wildcard says.
func pastEnds(f event.Filter) []string {
	site, tokens := "", 0
	if f.Site != "" {
		site, tokens = "."+strings.ReplaceAll(f.Site, "/", "."), strings.Count(f.Site, "/")+1
	}
	if f.Channel == "" {
		return []string{site + ".>"}
	}
	var ends []string
	for n := max(tokens, 1); n <= mostTokens; n++ {
		ends = append(ends, site+strings.Repeat(".*", n-tokens)+"."+f.Channel)
	}
	return ends
}
