package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sharpeyes/gateway/api"
	"sharpeyes/gateway/audit"
	"sharpeyes/registry/event"
)

// auditCommands are the commands on the record of who did what.
type auditCommands struct {
	client
	List   auditList   `cmd:"" default:"withargs" help:"Tell who did what, newest first."`
	Verify auditVerify `cmd:"" help:"Check that nothing was taken out of the record or changed in it."`
}

type auditList struct {
	Type    []string `placeholder:"T" help:"viewed, changed, denied, login."`
	User    string   `placeholder:"NAME" help:"Who did it."`
	Address string   `placeholder:"IP" help:"From where."`
	Target  string   `placeholder:"ID" help:"To what, like a channel's id."`
	Since   string   `placeholder:"D" help:"Not before: of so long, like 2h, or a time, like '2026-05-01 22:00'."`
	Until   string   `placeholder:"TIME" help:"Before a time."`
	Limit   int      `default:"100" help:"How many records, up to 1000."`
	CSV     bool     `name:"csv" help:"Write all of them as CSV."`
}

// Run lists records.
func (l auditList) Run(ctx context.Context, con console, c *auditCommands) error {
	query := url.Values{}
	for name, value := range map[string]string{"type": strings.Join(l.Type, ","), "user": l.User, "address": l.Address, "target": l.Target} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if l.Since != "" {
		since, err := sinceTime(l.Since)
		if err != nil {
			return err
		}
		query.Set("since", since.Format(time.RFC3339Nano))
	}
	if l.Until != "" {
		until, err := readTime("until", l.Until)
		if err != nil {
			return err
		}
		query.Set("until", until.Format(time.RFC3339Nano))
	}
	if l.CSV {
		query.Set("format", "csv")
		res, err := c.do(ctx, request{method: http.MethodGet, path: "/audit", query: query})
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if _, err := io.Copy(con.out, res.Body); err != nil {
			return fmt.Errorf("reading the records: %w", err)
		}
		return nil
	}
	query.Set("limit", strconv.Itoa(l.Limit))
	var page struct {
		Items []struct {
			Type string
			Time time.Time
			Data event.Audit
		}
	}
	raw, err := c.ask(ctx, request{method: http.MethodGet, path: "/audit", query: query}, &page)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	var t table
	t.add("TIME", "WHAT", "USER", "FROM", "ACTION", "TARGET", "FOR", "TIMES")
	for _, r := range page.Items {
		lasted, times := "", ""
		if r.Data.Duration > 0 {
			lasted = time.Duration(r.Data.Duration * float64(time.Second)).Round(time.Second).String()
		}
		if r.Data.Count > 1 {
			times = strconv.Itoa(r.Data.Count)
		}
		t.add(localTime(r.Time), strings.TrimPrefix(r.Type, "sharpeyes.audit."), r.Data.User, r.Data.Address, r.Data.Action, r.Data.Target, lasted, times)
	}
	return t.write(con.out)
}

type auditVerify struct {
	Key []string `placeholder:"KEY" help:"A public key of the city's gateways, as an earlier check listed it; signatures of others are then wrong. May be given several times."`
}

// Run reads the whole record and checks it here, not at the gateway.
func (v auditVerify) Run(ctx context.Context, con console, c *auditCommands) error {
	res, err := c.do(ctx, request{method: http.MethodGet, path: "/audit:blocks"})
	if err != nil {
		return err
	}
	defer res.Body.Close()
	check := audit.Verifier{Keys: v.Key}
	lines := bufio.NewReaderSize(res.Body, 1<<20)
	for ended := false; !ended; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return fmt.Errorf("reading the record: %w", errors.Join(errors.New("it breaks off"), err))
		}
		var b api.AuditBlock
		if err := json.Unmarshal(line, &b); err != nil {
			return fmt.Errorf("reading the record: %w", err)
		}
		switch {
		case b.Error != "":
			return fmt.Errorf("reading the record: %s", b.Error)
		case b.End:
			ended = true
		default:
			check.Add(b.Sequence, []byte(b.Block))
		}
	}
	r := check.Report()
	if c.JSON {
		raw, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
		if err := writeJSON(con.out, raw); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(con.out, "%d records in %d blocks (%d to %d), since %s\n", r.Records, r.Blocks, r.First, r.Last, end(r.Since))
		fmt.Fprintf(con.out, "last block: %s\n", r.Hash)
		signed := "never"
		if !r.Signed.IsZero() {
			signed = localTime(r.Signed)
		}
		fmt.Fprintf(con.out, "last signed: %s; blocks since then: %d\n", signed, r.Unsigned)
		for _, k := range r.Keys {
			fmt.Fprintf(con.out, "signed with: %s\n", k)
		}
		if r.Lost > 0 {
			fmt.Fprintf(con.out, "there was no room for %d records\n", r.Lost)
		}
	}
	if len(r.Problems) > 0 {
		return fmt.Errorf("the record isn't whole:\n  %s", strings.Join(r.Problems, "\n  "))
	}
	if !c.JSON {
		fmt.Fprintln(con.out, "nothing is missing, and nothing was changed")
	}
	return nil
}
