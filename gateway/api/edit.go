package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
)

// maxEdit is the largest body of an edit, in bytes.
const maxEdit = 256 << 10

// saveWithin is how long the store may take for a change that has no deadline of its own.
const saveWithin = 15 * time.Second

type editInput struct {
	request
	ID          string `path:"id" doc:"the channel's id"`
	IfMatch     string `header:"If-Match" doc:"ETag that the channel must still have, or * for any"`
	IfNoneMatch string `header:"If-None-Match" doc:"* when the channel must not be there yet"`
}

type emptyOutput struct{}

func (a *API) editOperations(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "put-channel", Method: http.MethodPut, Path: prefix + "/channels/{id}", Tags: []string{"channels"},
		Summary:     "Register a channel, or replace it",
		Description: "What the body leaves out takes its default. Without a password the channel keeps the one it has, as long as the user name is the same.",
	}, a.put)
	register(a, h, huma.Operation{
		OperationID: "patch-channel", Method: http.MethodPatch, Path: prefix + "/channels/{id}", Tags: []string{"channels"},
		Summary:     "Change some fields of a channel",
		Description: "The body is a JSON merge patch (RFC 7396): null takes a field back to its default, and takes a password away.",
	}, a.patch)
	register(a, h, huma.Operation{
		OperationID: "delete-channel", Method: http.MethodDelete, Path: prefix + "/channels/{id}", Tags: []string{"channels"},
		Summary: "Take a channel out of the registry", DefaultStatus: http.StatusNoContent,
	}, a.delete)
}

func (a *API) put(ctx context.Context, in *editInput) (*channelOutput, error) {
	body, err := readObject(in.request, map[string]any{"id": in.ID})
	if err != nil {
		return nil, err
	}
	wanted, err := registry.DecodeChannel(body)
	if err != nil {
		return nil, err
	}
	if wanted.ID != in.ID {
		return nil, registry.FieldErrors{{Column: "id", Value: wanted.ID, Message: "must be the id in the path, or left out"}}
	}
	status := http.StatusOK
	var put registry.Channel
	err = a.update(ctx, "edit", func(now *registry.Snapshot) (registry.Transaction, error) {
		old, there := now.Get(in.ID)
		if there || within(ctx, "edit") != nil { // else it is new
			if err := mayTouch(ctx, in.ID, old, there); err != nil {
				return registry.Transaction{}, err
			}
		}
		if err := precondition(in.r, in.ID, old, there); err != nil {
			return registry.Transaction{}, err
		}
		status = http.StatusOK
		if !there {
			status = http.StatusCreated
		}
		put = wanted.WithPasswordOf(old)
		return change(old, there, put), nil
	})
	if err != nil {
		return nil, err
	}
	return a.answer(in.r, status, put), nil
}

func (a *API) patch(ctx context.Context, in *editInput) (*channelOutput, error) {
	body, err := readObject(in.request, nil)
	if err != nil {
		return nil, err
	}
	var put registry.Channel
	err = a.update(ctx, "edit", func(now *registry.Snapshot) (registry.Transaction, error) {
		old, there := now.Get(in.ID)
		if err := mayTouch(ctx, in.ID, old, there); err != nil {
			return registry.Transaction{}, err
		}
		if err := precondition(in.r, in.ID, old, there); err != nil {
			return registry.Transaction{}, err
		}
		var err error
		if put, err = old.Patch(body); err != nil {
			return registry.Transaction{}, err
		}
		return change(old, there, put), nil
	})
	if err != nil {
		return nil, err
	}
	return a.answer(in.r, http.StatusOK, put), nil
}

func (a *API) delete(ctx context.Context, in *editInput) (*emptyOutput, error) {
	err := a.update(ctx, "delete", func(now *registry.Snapshot) (registry.Transaction, error) {
		old, there := now.Get(in.ID)
		if err := mayTouch(ctx, in.ID, old, there); err != nil {
			return registry.Transaction{}, err
		}
		return registry.Transaction{Delete: []string{in.ID}}, precondition(in.r, in.ID, old, there)
	})
	return nil, err
}

// change puts a channel, unless it is there already, the same.
func change(old registry.Channel, there bool, put registry.Channel) registry.Transaction {
	if there && registry.Equal(old, put) {
		return registry.Transaction{}
	}
	return registry.Transaction{Put: []registry.Channel{put}}
}

// update makes one transaction in the name of who asks. What fn refuses is returned as it is; what
// else goes wrong is the store's.
func (a *API) update(ctx context.Context, action string, fn func(*registry.Snapshot) (registry.Transaction, error)) error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, saveWithin)
		defer cancel()
	}
	var refused error
	_, err := a.o.Catalogue.Update(ctx, principal(ctx).String(), action, func(now *registry.Snapshot) (registry.Transaction, error) {
		var tx registry.Transaction
		if tx, refused = fn(now); refused == nil {
			refused = mayChange(ctx, now, tx)
		}
		if refused == nil {
			refused = a.ownOnly(now, tx)
		}
		return tx, refused
	})
	switch {
	case err == nil:
		return nil
	case refused != nil:
		return a.explained(ctx, refused)
	case errors.Is(err, registry.ErrConflict), errors.Is(err, registry.ErrNoRoom):
		return err
	default:
		return storeError{fmt.Errorf("registry: %s: %w", action, err)}
	}
}

// ownOnly refuses to touch channels that belong to a level below, which would write them anew. What is left of
// one that isn't linked any more may be deleted.
func (a *API) ownOnly(now *registry.Snapshot, tx registry.Transaction) error {
	for _, put := range tx.Put {
		if err := a.own(now, put.ID); err != nil {
			return err
		}
	}
	for _, id := range tx.Delete {
		if err := a.own(now, id); err != nil {
			return err
		}
	}
	return nil
}

func (a *API) own(now *registry.Snapshot, id string) error {
	old, _ := now.Get(id)
	if old.Via != "" && (a.o.Levels == nil || slices.ContainsFunc(a.o.Levels(), func(l Level) bool { return l.Name == old.Via })) {
		return problem(http.StatusConflict, fmt.Sprintf("channel %s belongs to %s: change it there, or leave it out", id, old.Via))
	}
	return nil
}

// made are the fields of an answer that the gateway made. Whoever sends an answer back, edited,
// may leave them in.
var made = map[string]bool{"status": true, "rtsp_url": true, "rtsp_sub_url": true, "maintenance": true, "via": true}

// readObject reads a body that is one JSON object, without what the gateway made, and with the
// fields of absent that it doesn't have. What it finds wrong is left for the registry to tell.
func readObject(in request, absent map[string]any) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(in.w, in.r.Body, maxEdit))
	if err != nil {
		return nil, badBody(err)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return body, nil
	}
	var out bytes.Buffer
	write := func(name string, value any) {
		sep := byte(',')
		if out.Len() == 0 {
			sep = '{'
		}
		out.WriteByte(sep)
		n, _ := json.Marshal(name) // a string is always marshalled
		v, err := json.Marshal(value)
		if err != nil {
			v = []byte("null")
		}
		out.Write(n)
		out.WriteByte(':')
		out.Write(v)
	}
	has := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return body, nil
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return body, nil
		}
		key, _ := name.(string)
		has[key] = true
		if !made[key] {
			write(key, value)
		}
	}
	rest := d.InputOffset()
	for name, value := range absent {
		if !has[name] {
			write(name, value)
		}
	}
	if out.Len() == 0 {
		out.WriteByte('{')
	}
	out.Write(body[rest:]) // the closing brace, and what mustn't follow it
	return out.Bytes(), nil
}

// badBody is a body that didn't arrive whole.
func badBody(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return err
	}
	return problem(http.StatusBadRequest, "the body didn't arrive whole: "+err.Error())
}
