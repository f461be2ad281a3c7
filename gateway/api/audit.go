package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// AuditQuery says which records are meant; what is empty is any.
type AuditQuery struct {
	Types                 []string // viewed, changed, denied, login
	User, Address, Target string
	Since, Until          time.Time
}

// Audit keeps on record who did what.
type Audit interface {
	// Note takes a record; it never waits.
	Note(t event.Type, a event.Audit)
	// Search is records, newest first, each a CloudEvent: about limit of them. next is what to give as before for the next
	// page; 0 after the last.
	Search(ctx context.Context, q AuditQuery, before uint64, limit int) (records []json.RawMessage, next uint64, err error)
	// Blocks calls each with all blocks of the log as they are stored, oldest first.
	Blocks(ctx context.Context, each func(sequence uint64, block []byte) error) error
}

type auditInput struct {
	request
	Type    string `query:"type" doc:"viewed, changed, denied or login; several joined by commas" example:"viewed"`
	User    string `query:"user" doc:"who did it"`
	Address string `query:"address" doc:"from where, without the port"`
	Target  string `query:"target" doc:"to what: a channel's id, or the path of a request"`
	Since   string `query:"since" doc:"RFC 3339"`
	Until   string `query:"until" doc:"RFC 3339"`
	Limit   string `query:"limit" doc:"1 to 1000, default 100; a page may have a few more"`
	Cursor  string `query:"cursor" doc:"next of the page before"`
	Format  string `query:"format" doc:"json (the default), or csv: all in one file"`
}

func (a *API) auditOperations(h huma.API) {
	page := h.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[pastEvents](), true, "Events")
	register(a, h, huma.Operation{
		OperationID: "search-audit", Method: http.MethodGet, Path: prefix + "/audit", Tags: []string{"audit"},
		Summary: "Who looked at what, who changed what, who was refused, who signed in; newest first",
		Responses: map[string]*huma.Response{"200": {Description: "Records, as events", Content: map[string]*huma.MediaType{
			"application/json": {Schema: page}, "text/csv": {Schema: &huma.Schema{Type: "string"}},
		}}},
	}, a.searchAudit)
	register(a, h, huma.Operation{
		OperationID: "audit-blocks", Method: http.MethodGet, Path: prefix + "/audit:blocks", Tags: []string{"audit"},
		Summary:     "The log itself, for whoever checks it",
		Description: "One JSON object a line: sequence, and block, the text whose SHA-256 the next block names as prev. `sharpeyes audit verify` reads it.",
		Responses: map[string]*huma.Response{"200": {Description: "All blocks, oldest first", Content: map[string]*huma.MediaType{
			"application/x-ndjson": {Schema: &huma.Schema{Type: "string"}},
		}}},
	}, a.auditBlocks)
}

var auditTypes = []string{"viewed", "changed", "denied", "login"}

func (a *API) searchAudit(ctx context.Context, in *auditInput) (*huma.StreamResponse, error) {
	q := AuditQuery{User: in.User, Address: in.Address, Target: in.Target}
	if in.Type != "" {
		q.Types = strings.Split(in.Type, ",")
		for _, t := range q.Types {
			if !slices.Contains(auditTypes, t) {
				return nil, badQuery("type", in.Type, "must be some of "+strings.Join(auditTypes, ", ")+", joined by commas")
			}
		}
	}
	for name, at := range map[string]*time.Time{"since": &q.Since, "until": &q.Until} {
		if s := in.r.URL.Query().Get(name); s != "" {
			t, err := moment(name, s)
			if err != nil {
				return nil, err
			}
			*at = t
		}
	}
	limit, err := limitOf(in.Limit)
	if err != nil {
		return nil, err
	}
	var before uint64
	if in.Cursor != "" {
		if before, err = strconv.ParseUint(in.Cursor, 10, 64); err != nil || before == 0 {
			return nil, badQuery("cursor", in.Cursor, `must be "next" of the page before, unchanged`)
		}
	}
	switch in.Format {
	case "csv":
		return a.auditFile(ctx, in.w, q), nil
	case "", "json":
	default:
		return nil, badQuery("format", in.Format, "must be json or csv")
	}
	records, next, err := a.o.Audit.Search(ctx, q, before, limit)
	if err != nil {
		return nil, err
	}
	body := pastEvents{Items: records}
	if body.Items == nil {
		body.Items = []json.RawMessage{}
	}
	if next > 0 {
		body.Next = strconv.FormatUint(next, 10)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/json")
		_ = json.NewEncoder(hc.BodyWriter()).Encode(body) // the asker may be gone
	}}, nil
}

// exportAudit bounds a whole export.
const exportAudit = 10 * time.Minute

// auditFile writes all records that are meant, newest first. An export that fails is cut short, and its last
// line says so.
func (a *API) auditFile(ctx context.Context, rw http.ResponseWriter, q AuditQuery) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "text/csv; charset=utf-8")
		hc.SetHeader("Content-Disposition", `attachment; filename="audit.csv"`)
		ctx, cancel := context.WithTimeout(ctx, exportAudit)
		defer cancel()
		w := csv.NewWriter(&patientWriter{hc.BodyWriter(), http.NewResponseController(rw)})
		_ = w.Write([]string{"time", "type", "user", "address", "action", "target", "channel", "name", "site", "duration", "count", "id"})
		for before := uint64(0); ; {
			records, next, err := a.o.Audit.Search(ctx, q, before, registry.MaxLimit)
			if err != nil {
				a.o.Log.Warn("an export of the audit failed", "error", err)
				_ = w.Write([]string{"", "incomplete: the log can't be read any further"})
				break
			}
			for _, raw := range records {
				_ = w.Write(auditLine(raw))
			}
			if w.Flush(); w.Error() != nil {
				return // the asker is gone
			}
			if before = next; before == 0 {
				break
			}
		}
		w.Flush()
	}}
}

func auditLine(raw []byte) []string {
	var e struct {
		ID, Type string
		Time     time.Time
		Data     event.Audit
	}
	if json.Unmarshal(raw, &e) != nil {
		return []string{"", "", "", "", "", string(raw)}
	}
	var ch event.Channel
	if e.Data.Channel != nil {
		ch = *e.Data.Channel
	}
	return []string{
		e.Time.Format(time.RFC3339Nano), strings.TrimPrefix(e.Type, "sharpeyes.audit."), e.Data.User, e.Data.Address, e.Data.Action, e.Data.Target,
		ch.ID, ch.Name, ch.Site, strconv.FormatFloat(e.Data.Duration, 'f', -1, 64), strconv.Itoa(max(e.Data.Count, 1)), e.ID,
	}
}

func (a *API) auditBlocks(ctx context.Context, in *usersInput) (*huma.StreamResponse, error) {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/x-ndjson")
		ctx, cancel := context.WithTimeout(ctx, exportAudit)
		defer cancel()
		enc := json.NewEncoder(&patientWriter{hc.BodyWriter(), http.NewResponseController(in.w)})
		enc.SetEscapeHTML(false)
		err := a.o.Audit.Blocks(ctx, func(sequence uint64, block []byte) error {
			return enc.Encode(AuditBlock{Sequence: sequence, Block: string(block)})
		})
		if err != nil {
			a.o.Log.Warn("the audit's blocks couldn't be sent", "error", err)
			err = enc.Encode(AuditBlock{Error: "the log can't be read any further"})
		} else {
			err = enc.Encode(AuditBlock{End: true})
		}
		_ = err // the asker is gone, and misses the end
	}}, nil
}

// AuditBlock is one line of GET /audit:blocks. The last one has End, or Error.
type AuditBlock struct {
	Sequence uint64 `json:"sequence,omitempty"`
	Block    string `json:"block,omitempty"`
	End      bool   `json:"end,omitempty"`
	Error    string `json:"error,omitempty"`
}

// addressOf is where a request comes from, without the port.
func addressOf(r *http.Request) string {
	if addr := remoteAddr(r); addr.IsValid() {
		return addr.Unmap().String()
	}
	return ""
}

// unrecorded are requests that change something and aren't written down: machines make them all the time, or
// they change nothing that lasts.
var unrecorded = map[string]bool{
	"POST " + prefix + "/motion:report": true,
	"POST " + prefix + "/rules:test":    true,
	"POST " + prewarmPath:               true,
	"POST " + sessionPath:               true, // a login of its own
}

// changed notes a request that changed something, once it has succeeded.
func (a *API) changed(pattern string, who Principal, r *http.Request, status int) {
	if a.o.Audit == nil || status >= 300 || unrecorded[pattern] || r.URL.Query().Get("dry_run") == "true" {
		return
	}
	_, path, _ := strings.Cut(pattern, " ")
	act := event.Audit{
		User: who.String(), Address: addressOf(r), Target: strings.TrimPrefix(r.URL.Path, prefix),
		Action: r.Method + " " + strings.ReplaceAll(strings.TrimPrefix(path, prefix), "...", ""),
	}
	if id, ok := strings.CutPrefix(r.URL.Path, prefix+"/channels/"); ok && !strings.Contains(id, "/") {
		act.Target = id
		if c, ok := a.o.Catalogue.Snapshot().Get(id); ok { // else it was deleted
			ch := c.Event()
			act.Channel = &ch
		}
	}
	a.o.Audit.Note(event.AuditChanged, act)
}

// refused notes who was refused.
func (a *API) refused(r *http.Request, who Principal, status int) {
	if a.o.Audit == nil || status != http.StatusUnauthorized && status != http.StatusForbidden && status != http.StatusTooManyRequests {
		return
	}
	act := event.Audit{Address: addressOf(r), Action: r.Method, Target: strings.TrimPrefix(r.URL.Path, prefix)}
	switch {
	case who != nil:
		act.User = who.String()
	default:
		act.User, _, _ = r.BasicAuth()
		if _, token := bearer(r); act.User == "" && !token && status == http.StatusUnauthorized {
			return // nobody tried: they are being asked who they are
		}
		act.User = bounded(act.User)
	}
	a.o.Audit.Note(event.AuditDenied, act)
}

// bounded is a name that somebody claims, as far as names go.
func bounded(name string) string {
	const most = 64
	if len(name) > most {
		name = name[:most]
	}
	return strings.ToValidUTF8(name, "")
}

// answered remembers the status of an answer.
type answered struct {
	http.ResponseWriter
	status int
}

// WriteHeader keeps the status.
func (w *answered) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets an http.ResponseController through.
func (w *answered) Unwrap() http.ResponseWriter { return w.ResponseWriter }
