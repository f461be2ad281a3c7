package bus

import (
	"fmt"

	"github.com/nats-io/nats.go"
)

// Subscribe calls deliver, one after another, with each event that is published on the subject from
// now on. Deliver must not block for long: what it holds up is its own subscription, which then
// loses events. After stop no call begins.
func (b *Bus) Subscribe(subject string, deliver func(subject string, event []byte)) (stop func(), err error) {
	sub, err := b.conn.Subscribe(subject, func(m *nats.Msg) { deliver(m.Subject, m.Data) })
	if err != nil {
		return nil, fmt.Errorf("subscribing to %s: %w", subject, err)
	}
	return func() { _ = sub.Unsubscribe() }, nil // an error means that it has ended already
}
