package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestEnvironment(t *testing.T) {
	got, err := parse("", nil, []string{
		"SHARPEYES_DATA_DIR=/data",
		"SHARPEYES_HTTP_LISTEN=:9000",
		"SHARPEYES_RTSP_UDP=false",
		"SHARPEYES_HEALTH_INTERVAL_1=5s",
		"SHARPEYES_HEALTH_INTERVAL_9=90s",
		"SHARPEYES_NATS_LEAF_REMOTES=nats://a:7422, tls://b:7422",
		"SHARPEYES_MAP_CENTER=1.5,-2",
		"SHARPEYES_STREAMS_READER_QUEUE=8MiB",
		"SHARPEYES_STREAMS_MAX_PULLS=12",
		"SHARPEYES_MOTION_SENSITIVITY=0.25",
		// The commands' own, and a container runtime's.
		"SHARPEYES_SERVER=http://x", "SHARPEYES_TOKEN=t", "SHARPEYES_USER=u", "SHARPEYES_PASSWORD=p",
		"SHARPEYES_ADMIN_PASSWORD=p", "SHARPEYES_SECRET_KEY=k", "SHARPEYES_SERVICE_HOST=10.0.0.1",
		"HTTP_LISTEN=:1", "SHARPEYES_HTTP_LISTEN_without_equals",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.DataDir = "/data"
	want.HTTP.Listen = ":9000"
	want.RTSP.UDP = false
	want.Health.Interval = map[int]time.Duration{1: 5 * time.Second, 2: 30 * time.Second, 3: time.Minute, 9: 90 * time.Second}
	want.NATS.LeafRemotes = []string{"nats://a:7422", "tls://b:7422"}
	want.Map.Center = [2]float64{1.5, -2}
	want.Streams.ReaderQueue = 8 << 20
	want.Streams.MaxPulls = 12
	want.Motion.Sensitivity = 0.25
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEnvironmentSetsEveryKey(t *testing.T) {
	for _, key := range allKeys() {
		name := strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
		c := Default()
		if _, got, _, mend := lookup(reflect.ValueOf(&c).Elem(), name); got != key || mend != "" {
			t.Errorf("%s%s sets %q: %s", prefix, name, got, mend)
		}
	}
}

func TestEnvironmentProblems(t *testing.T) {
	tests := []struct{ variable, want string }{
		{"SHARPEYES_HTTP_LISTN=:1", "SHARPEYES_HTTP_LISTN: no such variable; did you mean SHARPEYES_HTTP_LISTEN?"},
		{"SHARPEYES_LOG=debug", "SHARPEYES_LOG: no such variable; there are SHARPEYES_LOG_LEVEL, SHARPEYES_LOG_FORMAT"},
		{"SHARPEYES_HEALTH_INTERVAL=5s", `SHARPEYES_HEALTH_INTERVAL: health.interval: "5s" sets a whole map; set its items one by one, with _1, _2, _3 or _9 after the name`},
		{"SHARPEYES_HEALTH_INTERVAL_A=5s", "SHARPEYES_HEALTH_INTERVAL_A: health.interval: names no class; end it with _1, _2, _3 or _9"},
		{"SHARPEYES_HEALTH_INTERVAL_4=5s", `SHARPEYES_HEALTH_INTERVAL_4: health.interval.4: "4" isn't a class; write 1, 2, 3 or 9`},
		{"SHARPEYES_STREAMS_LINGER=5", `SHARPEYES_STREAMS_LINGER: streams.linger: "5" isn't a duration; write a number with a unit, like 500ms, 15s, 10m or 168h`},
		{"SHARPEYES_STREAMS_LINGER=-5s", `SHARPEYES_STREAMS_LINGER: streams.linger: "-5s" is negative; write 0s or more`},
		{"SHARPEYES_MAP_CENTER=1", `SHARPEYES_MAP_CENTER: map.center: "1" isn't a list of 2 values; join them by commas`},
		{"SHARPEYES_NATS_URL=http://u:hunter2@h", "SHARPEYES_NATS_URL: nats.url: isn't the address of a NATS server; write nats://host:4222 or tls://host:4222"},
	}
	for _, tt := range tests {
		if _, err := parse("", nil, []string{tt.variable}); err == nil || err.Error() != tt.want {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.variable, err, tt.want)
		}
	}
}
