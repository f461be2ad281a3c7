package bus

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"

	"github.com/nats-io/nats-server/v2/server"
)

// Levels: the embedded server joins that of the level above as a leaf node. The connection is of an account
// of its own, which has the three questions that the level above may ask, and nothing else: whatever the
// servers above allow, no other subject of this level can be reached from there.
//
//	sharpeyes.level.NAME.hello   who is there, and how far what it shares has come
//	sharpeyes.level.NAME.read    what it shares, from a place on
//	sharpeyes.level.NAME.open    where a stream can be read
//
// NAME is the user as whom it joins. The account turns these into the subjects of sharePrefix.
const (
	levelPrefix = "sharpeyes.level."
	sharePrefix = "sharpeyes.share."
	upAccount   = "UP"
	// levelInbox begins where the level above is answered.
	levelInbox = "_LEVEL."
)

var levelQuestions = []string{"hello", "read", "open"}

// joinAbove has the server join the level above.
func joinAbove(opts *server.Options, remotes []string) error {
	remote := &server.RemoteLeafOpts{LocalAccount: upAccount}
	for _, r := range remotes {
		u, err := url.Parse(r)
		if err != nil {
			return errors.New("nats.leaf_remotes: not a URL such as nats://NAME:TOKEN@host:7422") // it may repeat a password
		}
		if u.Scheme == "tls" || u.Scheme == "wss" {
			remote.TLS = true
		}
		remote.URLs = append(remote.URLs, u)
	}
	opts.Accounts = append(opts.Accounts, server.NewAccount(upAccount))
	opts.LeafNode.Remotes = append(opts.LeafNode.Remotes, remote)
	return nil
}

// offerAbove lets the level above ask. The server has been started.
func offerAbove(s *server.Server, name string) error {
	all := s.GlobalAccount()
	// With an account beside it, this isn't done by itself.
	if err := all.EnableJetStream(nil, nil); err != nil {
		return err
	}
	up, err := s.LookupAccount(upAccount)
	if err != nil {
		return err
	}
	for _, q := range levelQuestions {
		if err := all.AddServiceExport(sharePrefix+q, []*server.Account{up}); err != nil {
			return err
		}
		if err := up.AddServiceImport(all, levelPrefix+name+"."+q, sharePrefix+q); err != nil {
			return err
		}
	}
	return nil
}

// Above reports whether the level above is connected; false, too, when there is none.
func (b *Bus) Above() bool {
	if b.embedded == nil {
		return false
	}
	z, err := b.embedded.server.Leafz(nil)
	return err == nil && slices.ContainsFunc(z.Leafs, func(l *server.LeafInfo) bool { return l.Account == upAccount })
}

// levelOf is the name in which the level above is joined: that in the address, or else the node's.
func levelOf(remote, node string) (string, error) {
	name := node
	if u, err := url.Parse(remote); err == nil && u.User.Username() != "" {
		name = u.User.Username()
	}
	if !levelName.MatchString(name) {
		return "", errors.New("nats.leaf_remotes: no name that a level can have is in it; write nats://NAME:TOKEN@host:7422")
	}
	return name, nil
}

var levelName = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)

// levelPermissions are those of a gateway of the level below: it may be asked, and answer.
func levelPermissions(name string) *server.Permissions {
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{levelInbox + name + ".>"}},
		Subscribe: &server.SubjectPermission{Allow: []string{levelPrefix + name + ".>"}},
	}
}

// listenBelow is what the server must be told so that gateways of the level below can join.
func listenBelow(opts *server.Options, o Options) error {
	host, port, err := splitListen(o.NATS.LeafListen)
	if err != nil {
		return fmt.Errorf("nats.leaf_listen: %w", err)
	}
	opts.LeafNode.Host, opts.LeafNode.Port = host, port
	opts.LeafNode.AuthTimeout = 5 // s; checking a password is slow on purpose
	opts.LeafNode.WriteDeadline = writeDeadline
	opts.LeafNode.NoAdvertise = true
	if o.Certificate != nil {
		opts.LeafNode.TLSConfig, opts.LeafNode.TLSTimeout = o.Certificate, 5
	}
	return nil
}
