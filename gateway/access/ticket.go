package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// ticketKey is the record of the key that tickets are signed with. No user is called so.
const ticketKey = "=tickets"

// ticket lets its bearer begin to watch one stream.
type ticket struct {
	Channel string `json:"c"`
	Profile string `json:"p"`
	Until   int64  `json:"e"` // Unix time, s
}

// Ticket makes a ticket for a stream, to be put into a URL. It is good at every gateway of the city.
func (a *Access) Ticket(ctx context.Context, channel, profile string, lasts time.Duration) (string, error) {
	key, err := a.signing(ctx)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(ticket{channel, profile, time.Now().Add(lasts).Unix()})
	if err != nil {
		return "", fmt.Errorf("making a ticket: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode(body) + "." + encode(seal(key, body)), nil
}

// CheckTicket is nil when the ticket is for the stream and may still be used, or was used in time, when the
// stream has begun. The error is a DeniedError when it is not.
func (a *Access) CheckTicket(ctx context.Context, text, channel, profile string, begun bool) error {
	body, mac, ok := strings.Cut(text, ".")
	if !ok || len(text) > 1024 {
		return DeniedError{Ticket: true}
	}
	b, err1 := base64.RawURLEncoding.DecodeString(body)
	m, err2 := base64.RawURLEncoding.DecodeString(mac)
	if err1 != nil || err2 != nil {
		return DeniedError{Ticket: true}
	}
	key, err := a.signing(ctx)
	if err != nil {
		return err
	}
	var t ticket
	if !hmac.Equal(m, seal(key, b)) || json.Unmarshal(b, &t) != nil || t.Channel != channel || t.Profile != profile ||
		!begun && time.Now().Unix() > t.Until {
		return DeniedError{Ticket: true}
	}
	return nil
}

func seal(key, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return mac.Sum(nil)
}

// await returns a record that is there, and that this gateway hears of in a moment.
func (a *Access) await(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		record, ok, err := a.store.Get(ctx, name)
		if ok || err != nil {
			tick.Stop()
			return record, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			return nil, ctx.Err()
		}
	}
}

// EnsureTickets makes the key of tickets, unless there is one.
func (a *Access) EnsureTickets(ctx context.Context) error {
	_, err := a.signing(ctx)
	return err
}

// signing is the key of tickets, which the first gateway that needs it makes.
func (a *Access) signing(ctx context.Context) ([]byte, error) {
	key, ok, err := a.store.Get(ctx, ticketKey)
	if err == nil && !ok {
		fresh := make([]byte, sha256.Size)
		_, _ = rand.Read(fresh) // never fails: it ends the process sooner
		if ok, err = a.store.Create(ctx, ticketKey, fresh); ok || err != nil {
			key = fresh
		} else { // another gateway was quicker
			key, err = a.await(ctx, ticketKey)
		}
	}
	if err == nil && len(key) < sha256.Size {
		err = fmt.Errorf("the record %s is damaged", ticketKey)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key of tickets: %w", err)
	}
	return key, nil
}
