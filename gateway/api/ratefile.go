package api

import (
	"encoding/csv"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
)

func writtenJSON(in request, v any) *exportOutput {
	return &exportOutput{func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/json")
		e := json.NewEncoder(in.w)
		e.SetEscapeHTML(false)
		_ = e.Encode(v) // the asker may be gone
	}}
}

// writtenCSV is a file with the head and the rows that fill writes.
func (a *API) writtenCSV(in request, name string, head []string, fill func(write func(...string))) *exportOutput {
	return &exportOutput{func(hc huma.Context) {
		hc.SetHeader("Content-Type", "text/csv; charset=utf-8")
		hc.SetHeader("Content-Disposition", `attachment; filename="`+name+`"`)
		w := csv.NewWriter(&patientWriter{in.w, http.NewResponseController(in.w)})
		_ = w.Write(head) // Error tells
		fill(func(cells ...string) { _ = w.Write(cells) })
		w.Flush()
		if err := w.Error(); err != nil {
			a.o.Log.Warn("A file of rates was cut short", slog.Any("error", err))
			panic(http.ErrAbortHandler) // so that the reader sees a broken answer and not a short file
		}
	}}
}

// rateColumns are the columns of a rate; times are in seconds.
func rateColumns() []string {
	return []string{"channels", "online", "degraded", "offline", "unknown", "excluded", "online_rate", "intact_rate", "unknown_share", "target", "met"}
}

func rateCells(r *registry.Rate) []string {
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	cells := []string{strconv.Itoa(r.Channels), number(r.Online), number(r.Degraded), number(r.Offline), number(r.Unknown), number(r.Excluded)}
	optional := func(f *float64) string {
		if f == nil {
			return ""
		}
		return number(*f)
	}
	cells = append(cells, optional(r.OnlineRate), optional(r.IntactRate), number(r.UnknownShare), optional(r.Target), "")
	if r.Met != nil {
		cells[len(cells)-1] = strconv.FormatBool(*r.Met)
	}
	return cells
}
