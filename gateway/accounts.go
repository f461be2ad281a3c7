package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"sharpeyes/gateway/access"
	"sharpeyes/gateway/api"
	"sharpeyes/gateway/bus"
	"sharpeyes/streams/relay"
)

// openAccess opens the users, and makes the first administrator: nothing listens unprotected.
func (g *gateway) openAccess(ctx context.Context) error {
	users, err := g.bus.Users(ctx)
	if err != nil {
		return fmt.Errorf("opening the users: %w", err)
	}
	g.closes("the users", users.Close)
	a, err := access.New(access.Options{
		Store: users, Anonymous: g.config().Access.Anonymous, Loopback: g.config().LoopbackOnly(),
		AdminPassword: os.Getenv("SHARPEYES_ADMIN_PASSWORD"), Log: g.log,
	})
	if err != nil {
		return err
	}
	if g.config().Access.Anonymous == "none" {
		password, created, err := a.EnsureAdmin(ctx)
		if err != nil {
			return fmt.Errorf("making the first administrator (SHARPEYES_ADMIN_PASSWORD is the password, if it is set): %w", err)
		}
		if created && password != "" && g.o.Password != nil {
			g.o.Password("admin", password)
		}
	}
	g.accessSet.Lock()
	g.access = a
	g.accessSet.Unlock()
	return nil
}

// authenticateNATS says as what somebody may connect to the embedded NATS server.
func (g *gateway) authenticateNATS(user, password string, remote net.Addr) (role string, ok bool) {
	const patience = 5 * time.Second
	g.accessSet.Lock()
	a := g.access
	g.accessSet.Unlock()
	tcp, isTCP := remote.(*net.TCPAddr)
	if a == nil || !isTCP {
		return "", false
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p, err := a.Authenticate(ctx, user, password, tcp.AddrPort().Addr())
	if err != nil {
		return "", false
	}
	if p.Role == access.Admin {
		return bus.RoleAdmin, true
	}
	return bus.RoleViewer, true
}

// principals shows access to the API in its words.
type principals struct{ *access.Access }

func (p principals) Authenticate(ctx context.Context, user, password string, remote netip.Addr) (api.Principal, error) {
	who, err := p.Access.Authenticate(ctx, user, password, remote)
	if err != nil {
		return nil, err
	}
	return who, nil
}

// authorizer shows access to the relay in its words. Everybody who may sign in may watch, until
// grants say otherwise.
type authorizer struct{ *access.Access }

func (a authorizer) Authorize(ctx context.Context, c relay.Caller) error {
	_, err := a.Authenticate(ctx, c.User, c.Password, c.Remote.Addr())
	var denied interface{ Denied() bool }
	if errors.As(err, &denied) {
		return relay.ErrUnauthenticated
	}
	return err
}
