package gateway

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sharpeyes/gateway/access"
	"sharpeyes/gateway/api"
	"sharpeyes/gateway/audit"
	"sharpeyes/gateway/bus"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/relay"
)

// auditing keeps on record who did what.
type auditing struct {
	*audit.Writer
	ledger ledger
}

// openAudit opens the record.
func (g *gateway) openAudit(ctx context.Context) error {
	cfg := g.config()
	key, err := signingKey(filepath.Join(cfg.DataDir, "audit.key"))
	if err != nil {
		return fmt.Errorf("the key that signs the audit: %w", err)
	}
	l, err := g.bus.Audit(ctx, cfg.Audit.MaxAge)
	if err != nil {
		return fmt.Errorf("opening the audit: %w", err)
	}
	g.audit = &auditing{ledger: ledger{l}}
	g.audit.Writer = audit.New(audit.Options{Ledger: g.audit.ledger, Node: cfg.Node.Name, Key: key, Publish: g.bus.Publish, Log: g.log})
	// It writes until everything that it is told of is closed.
	writing, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = g.audit.Run(writing) // ends when it is told to
	}()
	g.defers(func() {
		stop()
		<-done
	})
	g.metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "sharpeyes_audit_lost_total", Help: "Records of who did what that there was no room for.",
	}, func() float64 { return float64(g.audit.Lost()) }))
	return nil
}

// signingKey reads the key, or makes it: the seed of an Ed25519 key in base64, for its owner alone.
func signingKey(path string) (ed25519.PrivateKey, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		seed := make([]byte, ed25519.SeedSize)
		_, _ = rand.Read(seed) // never fails: it ends the process sooner
		if err := os.WriteFile(path, []byte(base64.StdEncoding.EncodeToString(seed)+"\n"), 0o600); err != nil {
			return nil, err
		}
		return ed25519.NewKeyFromSeed(seed), nil
	}
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %04o): chmod 600 it", path, mode)
	}
	seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s holds no key: restore it, or move it away and another is made", path)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// ledger shows the bus to the audit in its words.
type ledger struct{ *bus.Ledger }

// Append writes a block after the last one.
func (l ledger) Append(ctx context.Context, last uint64, block []byte) (uint64, error) {
	sequence, err := l.Ledger.Append(ctx, last, block)
	if errors.Is(err, bus.ErrTaken) {
		err = audit.ErrTaken
	}
	return sequence, err
}

// Search shows the record to the API in its words.
func (a *auditing) Search(ctx context.Context, q api.AuditQuery, before uint64, limit int) ([]json.RawMessage, uint64, error) {
	found, next, err := audit.Search(ctx, a.ledger, audit.Query(q), before, limit)
	raw := make([]json.RawMessage, len(found))
	for i := range found {
		raw[i] = found[i].Raw
	}
	return raw, next, err
}

// Blocks are all that there are.
func (a *auditing) Blocks(ctx context.Context, each func(sequence uint64, block []byte) error) error {
	return a.ledger.Read(ctx, each)
}

// Watched notes who watches, and for how long it was.
func (o observer) Watched(ch registry.Channel, key streams.Key, who streams.Who, lasted time.Duration) {
	if who.User == peerName { // whoever watches there is noted there
		return
	}
	of := ch.Event()
	a := event.Audit{
		Channel: &of, User: who.User, Address: hostAlone(who.Remote), Target: ch.ID, Action: "watching " + string(key.Profile), Duration: lasted.Seconds(),
	}
	if lasted > 0 {
		a.Action = "watched " + string(key.Profile)
	}
	o.g.audit.Note(event.AuditViewed, a)
}

func hostAlone(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// claimed is a name that somebody unknown wrote, as far as names go.
func claimed(name string) string { return strings.ToValidUTF8(name[:min(len(name), 64)], "") }

// deniedRTSP notes a reader who was refused. Whoever brings nothing is only being asked who they are.
func (a authorizer) deniedRTSP(c relay.Caller, user string) {
	if user == "" && c.User == "" && c.Ticket == "" || c.Playing || a.note == nil {
		return
	}
	if user == "" {
		user = claimed(c.User)
	}
	of := event.Audit{User: user, Address: c.Remote.Addr().Unmap().String(), Action: "RTSP", Target: c.Key.Channel}
	if ch, ok := a.channel(c.Key.Channel); ok {
		shown := ch.Event()
		of.Channel = &shown
	} else {
		of.Target = claimed(of.Target)
	}
	a.note(event.AuditDenied, of)
}

// deniedNATS notes who was refused by the NATS server.
func (g *gateway) deniedNATS(user string, remote net.Addr, err error) {
	var denied interface{ Denied() bool }
	var slowed interface{ RetryAfter() time.Duration }
	if g.audit == nil || !errors.As(err, &denied) && !errors.As(err, &slowed) {
		return
	}
	g.audit.Note(event.AuditDenied, event.Audit{
		User: claimed(user), Address: hostAlone(remote.String()), Action: "NATS", Target: "nats",
	})
}

var _ api.Sessions = (*access.Access)(nil)
