package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"sharpeyes/gateway/access"
	"sharpeyes/gateway/api"
	"sharpeyes/gateway/bus"
	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
	"sharpeyes/streams/relay"
)

// openAccess opens the users, and makes the first administrator: nothing listens unprotected.
func (g *gateway) openAccess(ctx context.Context) error {
	users, err := g.bus.Users(ctx)
	if err != nil {
		return fmt.Errorf("opening the users: %w", err)
	}
	g.closes("the users", users.Close)
	g.users = users
	o := access.Options{
		Store: users, Sealer: g.keys, Anonymous: g.config().Access.Anonymous, Loopback: g.config().LoopbackOnly(),
		AdminPassword: os.Getenv("SHARPEYES_ADMIN_PASSWORD"), Log: g.log,
	}
	if g.config().RTSP.Digest {
		o.Digest = relay.Secret
	}
	a, err := access.New(o)
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
	if err := a.EnsureTickets(ctx); err != nil { // so that all gateways have it long before they need it
		return err
	}
	// Whoever is connected to NATS has the permissions of then.
	g.defers(users.Watch(func(name string, _ []byte) { g.bus.Disconnect(name) }))
	g.accessSet.Lock()
	g.access = a
	g.accessSet.Unlock()
	return nil
}

// authenticateNATS says as what somebody may connect to the embedded NATS server, and, for who may hear of
// a part of the city only, of what.
func (g *gateway) authenticateNATS(c bus.Credentials) (bus.Login, bool) {
	const patience = 5 * time.Second
	g.accessSet.Lock()
	a := g.access
	g.accessSet.Unlock()
	tcp, isTCP := c.Remote.(*net.TCPAddr)
	if a == nil || !isTCP {
		return bus.Login{}, false
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var p access.Principal
	var err error
	if c.Leaf || c.User == "" && c.Password != "" {
		p, err = a.AuthenticateToken(ctx, c.Password, tcp.AddrPort().Addr())
	} else {
		p, err = a.Authenticate(ctx, c.User, c.Password, tcp.AddrPort().Addr())
	}
	if err == nil && c.Leaf && (p.Name != c.User || !isLevel(p)) {
		err = errNoLevel
	}
	if err != nil {
		g.deniedNATS(c.User, c.Remote, err)
		return bus.Login{}, false
	}
	if c.Leaf {
		return bus.Login{Name: p.Name, Role: bus.RoleLevel, Until: p.Ends()}, true
	}
	return loginOf(p), true
}

var errNoLevel = errors.New("the token isn't of a user of that name who may share")

// loginOf is what a principal is to NATS.
func loginOf(p access.Principal) bus.Login {
	login := bus.Login{Name: p.Name, Role: bus.RoleListener, Until: p.Ends()}
	switch {
	case p.Role == access.Admin:
		login.Role = bus.RoleAdmin
	case p.Everywhere(access.List) && p.Everywhere(access.Events):
		login.Role = bus.RoleViewer
	default:
		login.Subjects = subjectsOf(p)
	}
	return login
}

// subjectsOf are the subjects of the events that a principal may hear of. A grant by tags has none: a
// subject doesn't say a channel's tags.
func subjectsOf(p access.Principal) []string {
	var all []string
	for _, s := range p.Scopes(access.Events) {
		if len(s.Tags) == 0 {
			all = append(all, event.Subjects(s.Classes, s.Scenarios, s.Site)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// principals shows access to the API in its words.
type principals struct{ *access.Access }

// principal is one in the API's words.
type principal struct{ access.Principal }

// Scopes are those of the action of that name.
func (p principal) Scopes(action string) []registry.Scope {
	return p.Principal.Scopes(access.Action(action))
}

func (p principals) Authenticate(ctx context.Context, user, password string, remote netip.Addr) (api.Principal, error) {
	who, err := p.Access.Authenticate(ctx, user, password, remote)
	if err != nil {
		return nil, err
	}
	return principal{who}, nil
}

func (p principals) AuthenticateToken(ctx context.Context, token string, remote netip.Addr) (api.Principal, error) {
	who, err := p.Access.AuthenticateToken(ctx, token, remote)
	if err != nil {
		return nil, err
	}
	return principal{who}, nil
}

// AuthenticateTicket lets whoever has a ticket for a stream watch it.
func (p principals) AuthenticateTicket(ctx context.Context, ticket, channel, profile string, begun bool) (api.Principal, error) {
	if err := p.CheckTicket(ctx, ticket, channel, profile, begun); err != nil {
		return nil, err
	}
	return bearer{}, nil
}

// bearer is whoever has a ticket. The API asks it about nothing but the stream that the ticket is for.
type bearer struct{}

func (bearer) String() string { return "ticket" }

func (bearer) Scopes(action string) []registry.Scope {
	if action == "list" || action == "view" {
		return []registry.Scope{{}}
	}
	return nil
}

// authorizer shows access to the relay in its words.
type authorizer struct {
	*access.Access
	channel func(id string) (registry.Channel, bool)
	owns    func(registry.Channel) bool
	note    func(event.Type, event.Audit) // who was refused
}

// Authorize lets those play who may view the channel. Who may find it is told that it isn't granted; for
// all others there is none.
func (a authorizer) Authorize(ctx context.Context, c relay.Caller) (user string, err error) {
	who, err := a.who(ctx, c)
	if err == nil {
		if err = a.may(who, c); err != nil {
			a.deniedRTSP(c, who.Name)
		}
		return who.Name, err
	}
	var denied interface{ Denied() bool }
	if errors.As(err, &denied) {
		a.deniedRTSP(c, "")
		return "", relay.ErrUnauthenticated
	}
	return "", err
}

// peerName is who another gateway is that relays a stream. No user can be called so: what gateways watch isn't
// put on record where it comes from.
const peerName = "=gateway"

// who is the caller; who has a ticket is bearer's.
func (a authorizer) who(ctx context.Context, c relay.Caller) (access.Principal, error) {
	switch {
	case c.Ticket != "":
		if a.CheckTicket(ctx, c.Ticket, c.Key.Channel, peerTicket(c.Key.Profile), c.Playing) == nil {
			if ch, ok := a.channel(c.Key.Channel); ok && !a.owns(ch) && !c.Playing { // else two would wait for one another
				return access.Principal{}, relay.ErrElsewhere
			}
			return access.Principal{Name: peerName, Role: access.Viewer}, nil
		}
		err := a.CheckTicket(ctx, c.Ticket, c.Key.Channel, string(c.Key.Profile), c.Playing)
		return access.Principal{Name: bearer{}.String(), Role: access.Viewer}, err // of this stream, which the ticket is for
	case c.Digest.User != "":
		return a.AuthenticateDigest(ctx, c.Digest.User, c.Digest.Proves, c.Remote.Addr())
	case c.User == "token": // in the place of a name, for clients that know nothing but Basic
		return a.AuthenticateToken(ctx, c.Password, c.Remote.Addr())
	}
	return a.Authenticate(ctx, c.User, c.Password, c.Remote.Addr())
}

func (a authorizer) may(p access.Principal, c relay.Caller) error {
	ch, ok := a.channel(c.Key.Channel)
	switch {
	case p.Everywhere(access.View):
		return nil
	case !ok:
		return streams.ErrNoChannel
	case p.On(access.View, &ch):
		return nil
	case p.On(access.List, &ch):
		return relay.ErrForbidden
	}
	return streams.ErrNoChannel
}

// users shows the users to the API in its words.
type users struct {
	*access.Access
	walls walls
}

func shownUser(u access.User) api.User {
	shown := api.User{Name: u.Name, Role: string(u.Role), Grants: []string{}, Until: u.Until, Created: u.Created}
	for _, g := range u.Grants {
		text := g.String()
		if !g.Until.IsZero() {
			text += " until " + g.Until.Format(time.RFC3339)
		}
		shown.Grants = append(shown.Grants, text)
	}
	for _, t := range u.Tokens {
		shown.Tokens = append(shown.Tokens, api.Token{ID: t.ID, Name: t.Name, Created: t.Created, Until: t.Until})
	}
	return shown
}

// grantsOf reads grants, each perhaps with its end, as shownUser writes them.
func grantsOf(texts []string) ([]access.Grant, error) {
	var all []access.Grant
	for i, text := range texts {
		text, end, bounded := strings.Cut(text, " until ")
		g, err := access.ParseGrant(text)
		if err == nil && bounded {
			g.Until, err = time.Parse(time.RFC3339, end)
		}
		if err != nil {
			return nil, registry.FieldErrors{{Column: fmt.Sprintf("grants[%d]", i), Value: texts[i], Message: err.Error()}}
		}
		all = append(all, g)
	}
	return all, nil
}

// found gives errors the API's words.
func found(name string, err error) error {
	switch {
	case errors.Is(err, access.ErrNoUser):
		return &registry.NotFoundError{What: "user", ID: name}
	case errors.Is(err, access.ErrNoToken):
		return &registry.NotFoundError{What: "token of", ID: name}
	case errors.Is(err, access.ErrUserExists):
		return api.RefusedError{Err: err}
	}
	return err
}

func (u users) List(ctx context.Context) ([]api.User, error) {
	all, err := u.Access.Users(ctx)
	shown := make([]api.User, len(all))
	for i := range all {
		shown[i] = shownUser(all[i])
	}
	return shown, err
}

func (u users) Get(ctx context.Context, name string) (api.User, error) {
	one, ok, err := u.Access.User(ctx, name)
	if err == nil && !ok {
		err = access.ErrNoUser
	}
	return shownUser(one), found(name, err)
}

func (u users) Add(ctx context.Context, n api.User) error {
	grants, err := grantsOf(n.Grants)
	if err != nil {
		return err
	}
	one := access.User{Name: n.Name, Role: access.Role(n.Role), Grants: grants, Until: n.Until}
	return found(n.Name, u.Access.AddUser(ctx, one, n.Password.Reveal()))
}

func (u users) Set(ctx context.Context, n api.User) error {
	grants, err := grantsOf(n.Grants)
	if err != nil {
		return err
	}
	return found(n.Name, u.Access.SetUser(ctx, n.Name, access.Role(n.Role), grants, n.Until))
}

func (u users) SetPassword(ctx context.Context, name string, password registry.Secret) error {
	return found(name, u.Access.SetPassword(ctx, name, password.Reveal()))
}

func (u users) Delete(ctx context.Context, name string) error {
	if err := u.Access.DeleteUser(ctx, name); err != nil {
		return found(name, err)
	}
	return u.walls.forget(ctx, name) // who has the name next begins without
}

func (u users) AddToken(ctx context.Context, user, name string, until time.Time) (api.Token, error) {
	text, t, err := u.Access.AddToken(ctx, user, name, until)
	if err != nil {
		return api.Token{}, found(user, err)
	}
	return api.Token{ID: t.ID, Name: t.Name, Created: t.Created, Until: t.Until, Text: text}, nil
}

func (u users) DeleteToken(ctx context.Context, user, id string) error {
	return found(user, u.Access.DeleteToken(ctx, user, id))
}

// NATSPermissions are those that the embedded server gives the user.
func (u users) NATSPermissions(ctx context.Context, name string) (map[string]map[string][]string, error) {
	one, ok, err := u.Access.User(ctx, name)
	if err == nil && !ok {
		err = access.ErrNoUser
	}
	if err != nil {
		return nil, found(name, err)
	}
	p := one.Principal()
	if isLevel(p) && len(p.Scopes(access.Events)) == 0 {
		return bus.Permissions(bus.Login{Name: p.Name, Role: bus.RoleLevel})
	}
	return bus.Permissions(loginOf(p))
}

// ticketTime is how soon a ticket must be used.
const ticketTime = time.Minute

// ticket makes a ticket for a stream.
func (g *gateway) ticket(ctx context.Context, channel, profile string) (string, error) {
	return g.access.Ticket(ctx, channel, profile, ticketTime)
}
