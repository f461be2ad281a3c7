package bus

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// What the server allows one connection before it is closed as too slow. A peer that never reads
// would otherwise hold up whoever publishes to it.
const (
	writeDeadline = 2 * time.Second
	maxPending    = 8 << 20
)

// readyTimeout bounds the wait for the started server to accept connections.
const readyTimeout = 10 * time.Second

// embedded is the NATS server inside the process.
type embedded struct {
	server        *server.Server
	lock          *os.File
	secret        string // password of the gateway's own connection, known to this process only
	listen        bool
	authenticator *authenticator
	disk          *disk
	leaf          *server.LeafNodeOpts // nil when gateways of the level below can't join
}

// startEmbedded locks the data directory and starts the server on it.
func startEmbedded(o Options) (*embedded, error) {
	dir, err := filepath.Abs(o.DataDir)
	if err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	e := &embedded{lock: lock, secret: rand.Text(), listen: o.NATS.Listen != ""}
	if err := e.start(dir, o); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

func (e *embedded) start(dir string, o Options) error {
	e.disk = newDisk(dir, o.Log)
	log := &serverLog{log: o.Log, heard: e.disk.heard}
	e.authenticator = &authenticator{secret: e.secret, authenticate: o.Authenticate, log: o.Log}
	opts := &server.Options{
		ServerName: serverName(o.Node),
		DontListen: !e.listen,
		NoSigs:     true,

		JetStream: true,
		StoreDir:  filepath.Join(dir, "nats"),
		// The server's own bound is three quarters of the free space, which refuses the event
		// stream on a small disk; the streams have their own bounds.
		JetStreamMaxStore: 1 << 60,
		// An acknowledged write must survive a power cut, not only a kill.
		SyncAlways: true,

		NoFastProducerStall: true,
		WriteDeadline:       writeDeadline,
		MaxPending:          maxPending,
		MaxConn:             8192,
		AuthTimeout:         5, // s; checking a password is slow on purpose

		CustomClientAuthentication: e.authenticator,
	}
	if e.listen {
		host, port, err := splitListen(o.NATS.Listen)
		if err != nil {
			return fmt.Errorf("nats.listen: %w", err)
		}
		opts.Host, opts.Port = host, port
		if o.Certificate != nil {
			opts.TLSConfig, opts.TLSTimeout = o.Certificate, 5
		}
	}
	if len(o.NATS.LeafRemotes) > 0 {
		if err := joinAbove(opts, o.NATS.LeafRemotes); err != nil {
			return err
		}
	}
	if o.NATS.LeafListen != "" {
		if err := listenBelow(opts, o); err != nil {
			return err
		}
		e.leaf = &opts.LeafNode // the server writes the port into it that it found
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return err
	}
	e.server = s
	e.authenticator.gone = func(id uint64) bool { return s.GetLeafNode(id) == nil }
	s.SetLoggerV2(log, false, false, false)
	s.Start() // returns when the store is recovered and the listener is open, or one has failed
	if err := log.fatal(); err != nil {
		return err
	}
	if len(o.NATS.LeafRemotes) > 0 {
		name, err := levelOf(o.NATS.LeafRemotes[0], o.Node)
		if err == nil {
			err = offerAbove(s, name)
		}
		if err != nil {
			return fmt.Errorf("nats.leaf_remotes: %w", err)
		}
	}
	if !s.ReadyForConnections(readyTimeout) {
		return errors.New("the server didn't get ready")
	}
	return nil
}

// clientURL is the URL of the listener, empty when there is none.
func (e *embedded) clientURL() string {
	if !e.listen {
		return ""
	}
	return e.server.ClientURL()
}

// leafAddress is where gateways of the level below join; empty when they can't.
func (e *embedded) leafAddress() string {
	if e == nil || e.leaf == nil {
		return ""
	}
	return net.JoinHostPort(e.leaf.Host, strconv.Itoa(e.leaf.Port))
}

// alone reports whether no gateway but this one is connected to the server; false, too, when that
// can't be told, as of a server outside.
func (e *embedded) alone() bool {
	if e == nil {
		return false
	}
	z, err := e.server.Connz(&server.ConnzOptions{Limit: math.MaxInt32})
	if err != nil {
		return false
	}
	gateways := 0
	for _, c := range z.Conns {
		if strings.HasPrefix(c.Name, connectionName) {
			gateways++
		}
	}
	return gateways == 1
}

// close stops the server, waits for it and unlocks the directory.
func (e *embedded) close() error {
	if e.server != nil {
		e.server.Shutdown()
		e.server.WaitForShutdown()
	}
	return e.lock.Close()
}

// splitListen splits host:port; port 0 is any free one.
func splitListen(addr string) (host string, port int, err error) {
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("%q is no port", p)
	}
	if n == 0 {
		return host, server.RANDOM_PORT, nil
	}
	return host, int(n), nil
}

var notInServerName = regexp.MustCompile(`[\s.*>]+`)

// serverName is the node's name as NATS takes it.
func serverName(node string) string {
	if node == "" {
		return "sharpeyes"
	}
	return "sharpeyes-" + notInServerName.ReplaceAllString(node, "-")
}

// leafLogin is who has joined as a leaf node, and when.
type leafLogin struct {
	name string
	at   time.Time
}

// authenticator decides who may connect to the embedded server.
type authenticator struct {
	leafs        sync.Map             // leafLogin by the id of a connection, of gateways of the level below
	gone         func(id uint64) bool // the connection of a leaf has ended; it is asked a while after the connection was made
	secret       string
	authenticate func(c Credentials) (Login, bool)
	log          interface{ Warn(string, ...any) }
}

// ownUser is the user of the gateway's own connection.
const ownUser = "sharpeyes-gateway"

// Check is called by the server for each new connection, on the goroutine of that connection.
func (a *authenticator) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if o.Username == ownUser {
		if subtle.ConstantTimeCompare([]byte(o.Password), []byte(a.secret)) != 1 {
			return false
		}
		c.RegisterUser(&server.User{Username: ownUser})
		return true
	}
	if a.authenticate == nil {
		return false
	}
	password := o.Password
	if o.Username == "" && password == "" {
		password = o.Token
	}
	leaf := c.Kind() == server.LEAF
	login, ok := a.authenticate(Credentials{User: o.Username, Password: password, Remote: c.RemoteAddress(), Leaf: leaf})
	// A leaf node brings the subjects of a whole server along, which is only for what is a level.
	if !ok || (login.Role == RoleLevel) != leaf {
		return false
	}
	p, err := permissionsOf(login)
	if err != nil {
		a.log.Warn("A role that NATS doesn't know was refused", "role", login.Role)
		return false
	}
	if leaf {
		now := time.Now()
		for id, joined := range a.leafs.Range { // those that have gone
			if now.Sub(joined.(leafLogin).at) > time.Minute && a.gone(id.(uint64)) {
				a.leafs.Delete(id)
			}
		}
		a.leafs.Store(c.GetID(), leafLogin{login.Name, now})
	}
	c.RegisterUser(&server.User{Username: login.Name, ConnectionDeadline: login.Until, Permissions: p})
	return true
}

// disconnect ends the connections of a user.
func (e *embedded) disconnect(name string) {
	if e == nil {
		return
	}
	z, err := e.server.Connz(&server.ConnzOptions{Username: true, Limit: math.MaxInt32})
	if err != nil {
		return
	}
	for _, c := range z.Conns {
		if c.AuthorizedUser == name {
			_ = e.server.DisconnectClientByID(c.Cid) // else it has gone
		}
	}
	for id, joined := range e.authenticator.leafs.Range {
		if joined.(leafLogin).name == name {
			_ = e.server.DisconnectClientByID(id.(uint64))
		}
	}
}
