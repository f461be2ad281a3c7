package bus

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net/url"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/time/rate"
)

// connectionName begins the name of every gateway's connection.
const connectionName = "sharpeyes "

// connect opens the gateway's own connection: inside the process when e isn't nil, else to the
// configured URL. What more says comes last.
func connect(o Options, e *embedded, more ...nats.Option) (*nats.Conn, error) {
	// The server tells of refusals and slow consumers as often as they happen.
	limit := rate.NewLimiter(rate.Every(time.Second), 5)
	log := o.Log
	opts := []nats.Option{
		nats.Name(connectionName + o.Node),
		// Viewers may subscribe to _INBOX.>; answers to the gateway hold the registry.
		nats.CustomInboxPrefix("_SHARPEYES." + rand.Text()),
		nats.MaxReconnects(-1),
		nats.Timeout(5 * time.Second),
		nats.PingInterval(20 * time.Second),
		// Fail at once when there is no connection: the publisher keeps and repeats what it has.
		nats.ReconnectBufSize(-1),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			if !limit.Allow() {
				return
			}
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			log.Warn("NATS", "error", err, "subject", subject)
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("The connection to NATS is lost; trying again", "error", err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) {
			log.Info("The connection to NATS is back", slog.String("server", c.ConnectedUrlRedacted()))
		}),
	}
	opts = append(opts, more...)
	if e != nil {
		return nats.Connect("", append(opts,
			nats.InProcessServer(e.server),
			nats.UserInfo(ownUser, e.secret),
			nats.ReconnectWait(50*time.Millisecond),
		)...)
	}
	opts = append(opts, nats.ReconnectWait(time.Second))
	if o.NATS.Credentials != "" {
		opts = append(opts, nats.UserCredentials(o.NATS.Credentials))
	}
	c, err := nats.Connect(o.NATS.URL, opts...)
	var malformed *url.Error
	switch {
	case errors.As(err, &malformed): // its text may repeat a password
		return nil, errors.New("nats.url: not a URL such as nats://host:4222")
	case errors.Is(err, nats.ErrNoServers):
		return nil, errors.New("nats.url: no server answers there")
	}
	return c, err
}
