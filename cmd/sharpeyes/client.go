package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Deadlines of the calls.
const (
	dialogue = time.Minute      // of a question and its answer
	transfer = 15 * time.Minute // of a file
)

// client is the flags of every command that asks a running gateway, and how it asks.
type client struct {
	Server string `env:"SHARPEYES_SERVER" default:"http://127.0.0.1:8080" placeholder:"URL" help:"The gateway (${env}; ${default})."`
	Token  string `env:"SHARPEYES_TOKEN" placeholder:"TOKEN" help:"Who asks (${env}; or SHARPEYES_USER and SHARPEYES_PASSWORD)."`
	JSON   bool   `help:"Write the gateway's JSON in place of a table."`
}

// request is one question to the gateway.
type request struct {
	method, path string // path below /api/v1
	query        url.Values
	body         io.Reader
	size         int64 // of the body where it is known
	contentType  string
	header       http.Header
}

// request is one question as it goes over the wire.
func (c client) request(ctx context.Context, r request) (*http.Request, error) {
	base, err := url.Parse(strings.TrimRight(c.Server, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, usageError{fmt.Errorf("--server=%s isn't the address of a gateway; give one like http://127.0.0.1:8080", c.Server)}
	}
	if base.User != nil {
		return nil, usageError{errors.New("--server holds a password; give it in SHARPEYES_USER and SHARPEYES_PASSWORD")}
	}
	target := base.String() + "/api/v1" + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, r.body)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", c.Server, err)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	if r.size > 0 {
		req.ContentLength = r.size
	}
	req.Header.Set("User-Agent", "sharpeyes/"+version())
	if user := os.Getenv("SHARPEYES_USER"); c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	} else if user != "" {
		req.SetBasicAuth(user, os.Getenv("SHARPEYES_PASSWORD"))
	}
	return req, nil
}

// do asks, and gives the answer if it is a good one; any other is an error, problem details as
// *problem. Whoever calls closes the body. The context bounds the answer's body too.
func (c client) do(ctx context.Context, r request) (*http.Response, error) {
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the gateway: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		defer resp.Body.Close()
		return nil, readProblem(resp)
	}
	return resp, nil
}

// ask is do for a short answer, within a minute unless ctx has a deadline; it decodes its JSON into v unless that is nil, and also returns
// the JSON itself.
func (c client) ask(ctx context.Context, r request, v any) (json.RawMessage, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, dialogue)
		defer cancel()
	}
	resp, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the gateway's answer: %w", err)
	}
	if v == nil {
		return raw, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, fmt.Errorf("the gateway's answer isn't what was asked for; is %s a gateway? %w", c.Server, err)
	}
	return raw, nil
}

// send is ask with a JSON body.
func (c client) send(ctx context.Context, r request, body any) (json.RawMessage, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	r.body, r.contentType = bytes.NewReader(b), "application/json"
	return c.ask(ctx, r, nil)
}

// writeJSON writes the gateway's JSON for people and programs.
func writeJSON(w io.Writer, raw json.RawMessage) error {
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return fmt.Errorf("the gateway's answer isn't JSON: %w", err)
	}
	b.WriteByte('\n')
	_, err := b.WriteTo(w)
	return err
}
