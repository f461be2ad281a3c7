package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"sharpeyes/gateway/e2e/benchtable"
)

// geojson measures the map of the whole city, each time after an edit so that nothing is answered
// out of a cache.
func (b *bench) geojson(ctx context.Context, g *gateway, l *lite) error {
	const count = 15
	const bar, most = 150 * time.Millisecond, 3 << 20
	var took []time.Duration
	size := 0
	var first struct {
		Features []struct{ ID any }
	}
	for i := range count {
		var list struct{ Items []struct{ ID string } }
		if err := g.ask(ctx, http.MethodGet, "/api/v1/channels?limit=1", nil, &list); err != nil {
			return err
		}
		body := strings.NewReader(fmt.Sprintf(`{"name":"edited for the map %d"}`, i))
		if err := g.ask(ctx, http.MethodPatch, "/api/v1/channels/"+list.Items[0].ID, body, nil); err != nil {
			return err
		}
		began := time.Now()
		packed, err := getPacked(ctx, g.http+"/api/v1/channels.geojson")
		if err != nil {
			return err
		}
		took, size = append(took, time.Since(began)), len(packed)
		if i == 0 {
			r, err := gzip.NewReader(bytes.NewReader(packed))
			if err != nil {
				return err
			}
			if err := json.NewDecoder(r).Decode(&first); err != nil {
				return err
			}
			if len(first.Features) != city {
				return fmt.Errorf("%d features, want %d", len(first.Features), city)
			}
		}
	}
	lite, liteSize, err := l.geojson(ctx)
	if err != nil {
		return err
	}
	p50, p99 := quantiles(took)
	b.table.Add(benchtable.Row{
		What:     "channels.geojson of all, gzip, not out of a cache",
		Measured: fmt.Sprintf("%s, most %s, %.2f MB", benchtable.Show(p50), benchtable.Show(p99), float64(size)/1e6), Bar: "< 150 ms, < 3 MB",
		Other: fmt.Sprintf("%s, %.2f MB", benchtable.Show(lite), float64(liteSize)/1e6), Ratio: float64(lite) / float64(p50),
		Missed: p50 >= bar || size >= most,
	})
	return nil
}

// getPacked returns an answer as it was packed.
func getPacked(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", "gzip") // set by hand, so that it isn't unpacked
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return nil, err
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("GET %s: %s", url, res.Status)
	case res.Header.Get("Content-Encoding") != "gzip":
		return nil, fmt.Errorf("GET %s: not packed", url)
	}
	return b, nil
}

// geojson makes the same out of SQLite.
func (l *lite) geojson(ctx context.Context) (took time.Duration, size int, err error) {
	var all []time.Duration
	for range 3 {
		began := time.Now()
		var packed bytes.Buffer
		z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
		if err != nil {
			return 0, 0, err
		}
		rows, err := l.db.QueryContext(ctx, `SELECT json_object('type','Feature','id',id,'geometry',json_object('type','Point','coordinates',json_array(round(lon,6),round(lat,6))),
			'properties',json_object('name',name,'class',class,'state',state,'scenario',scenario,'site',site)) FROM channels WHERE lon IS NOT NULL ORDER BY id`)
		if err != nil {
			return 0, 0, fmt.Errorf("SQLite: %w", err)
		}
		comma := `{"type":"FeatureCollection","features":[`
		for rows.Next() {
			var one string
			if err := rows.Scan(&one); err != nil {
				rows.Close()
				return 0, 0, err
			}
			_, _ = io.WriteString(z, comma+one)
			comma = ","
		}
		if err := rows.Err(); err != nil {
			return 0, 0, err
		}
		_, _ = io.WriteString(z, "]}")
		if err := z.Close(); err != nil {
			return 0, 0, err
		}
		all, size = append(all, time.Since(began)), packed.Len()
	}
	p50, _ := quantiles(all)
	return p50, size, nil
}
