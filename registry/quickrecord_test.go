package registry

import (
	"bytes"
	"encoding/json"
	"testing"
)

// What the quick way reads, encoding/json reads as the same.
func FuzzQuickRecord(f *testing.F) {
	for _, s := range []string{
		`{"id":"a","name":"门","class":1,"site":"x/y","scenario":"campus","tags":["a","b"],"lon":118.5,"lat":-0.25,"heading":0,"url":"rtsp://h/","sub_url":"rtsp://h/2","username":"u","transport":"auto","motion":"off","device":"d","install_time":"2024-01-02","contact":"c","record_days":30,"enabled":true,"sealed_password":"AQID"}`,
		`{"id":"a","enabled":false}`, `{"id":"a\u2028","enabled":true}`, `{"id":"a","password":"x"}`, `{"lon":1e5}`, `{"lon":.5}`, `{"lon":}`,
		`{"class":256}`, `{"class":01}`, `{"tags":[]}`, `{"tags":null}`, `{}`, `{"id":"a"},`, `{"id":"a"}}`, `{"lon":-}`, `{"lon":00.5}`, `{"id":"\`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		c, sealed, ok := quickRecord(line, repeated{})
		if !ok {
			return
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("read by the quick way alone: %v", err)
		}
		if !Equal(c, Channel(r.plain)) || !bytes.Equal(sealed, r.Sealed) {
			t.Errorf("%+v, want %+v", c, r)
		}
	})
}

// It reads what is usual, or it would be of no use.
func TestQuickRecordOfAWholeChannel(t *testing.T) {
	var b bytes.Buffer
	err := encodeForm(&b, header{}, nil, func(yield func(Channel) bool) {
		lon, days := 118.0894, 30
		yield(Channel{
			ID: "35020300001320000001", Name: "中山路 1 号", Class: 1, Site: "xiamen/siming", Scenario: "campus", Tags: []string{"gate", "门"},
			Lon: &lon, Lat: &lon, Heading: &lon, URL: "rtsp://10.0.0.1/a?b=1&c=2", SubURL: "rtsp://10.0.0.1/b", Username: "admin", Password: "pw",
			Transport: "auto", Motion: "auto", Device: "nvr", InstallTime: "2024-01-02", Contact: "Duty room", RecordDays: &days, Enabled: true,
		})
	}, NewSealer([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	line := bytes.Split(b.Bytes(), []byte("\n"))[1]
	if _, _, ok := quickRecord(line, repeated{}); !ok {
		t.Errorf("not read: %s", line)
	}
}
