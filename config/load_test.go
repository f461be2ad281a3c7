package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestBadConfigurations(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files in testdata/bad", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			_, err := Load(file, nil)
			if err == nil {
				t.Fatal("loaded without an error")
			}
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error is %T, not Problems", err)
			}
			got := err.Error() + "\n"
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if strings.Contains(got, "hunter2") {
				t.Error("the message tells a password")
			}
		})
	}
}

func TestLoadDefaults(t *testing.T) {
	for _, data := range []string{"", "\n", "# nothing\n", "---\n", "http:\n", "health: {interval: {}}", "null", "\xef\xbb\xbf# mark\n"} {
		got, err := parse("f.yaml", []byte(data), nil)
		if err != nil {
			t.Errorf("%q: %v", data, err)
		} else if !reflect.DeepEqual(got, Default()) {
			t.Errorf("%q: got %+v", data, got)
		}
	}
}

func TestDefaultFileLoadsAsDefault(t *testing.T) {
	var b bytes.Buffer
	if err := WriteDefault(&b); err != nil {
		t.Fatal(err)
	}
	got, err := parse("default.yaml", b.Bytes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.NATS.LeafRemotes = []string{}
	want.Share.Classes, want.Share.Scenarios, want.Share.Sites = []int{}, []string{}, []string{}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	// Each key must really be in it, not only be left at its default.
	f := parseFile(new(Config), "default.yaml", b.Bytes())
	for _, key := range allKeys() {
		if _, ok := f.at[key]; !ok {
			t.Errorf("%s isn't in the default file", key)
		}
	}
}

func TestDefaultIsValid(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

func TestLoadFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	const text = `
data_dir: /var/lib/sharpeyes
nats: {url: "nats://user:pw@a:4222, tls://b:4222", replicas: 3}
http: {listen: ":8443", tls_cert: c.pem, tls_key: k.pem}
rtsp: {udp: false, listen: "[::1]:0"}
streams: {linger: 1m30s, reader_queue: 1.5MiB}
health:
  interval:
    1: 5s
    9: 2m
map: {center: [-0.5, 51], zoom: 9}
node: {name: 12}
motion: {sensitivity: 1}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Load(file, []string{"PATH=/bin", "SHARPEYES_TOKEN=x", "SHARPEYES_PORT_8080_TCP=x"})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.DataDir = "/var/lib/sharpeyes"
	want.NATS.URL, want.NATS.Replicas = "nats://user:pw@a:4222, tls://b:4222", 3
	want.HTTP = HTTP{Listen: ":8443", TLSCert: "c.pem", TLSKey: "k.pem"}
	want.RTSP = RTSP{Listen: "[::1]:0"}
	want.Streams.Linger, want.Streams.ReaderQueue = 90*time.Second, 3<<19
	want.Health.Interval = map[int]time.Duration{1: 5 * time.Second, 2: 30 * time.Second, 3: time.Minute, 9: 2 * time.Minute}
	want.Map.Center, want.Map.Zoom = [2]float64{-0.5, 51}, 9
	want.Node.Name = "12"
	want.Motion.Sensitivity = 1
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestLoadMissingAndHuge(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "no.yaml"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	huge := filepath.Join(t.TempDir(), "huge.yaml")
	if err := os.WriteFile(huge, bytes.Repeat([]byte("#"), maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(huge, nil); err == nil || !strings.Contains(err.Error(), "larger than 1MiB") {
		t.Errorf("huge file: %v", err)
	}
}

func TestParseNeverChangesDefault(t *testing.T) {
	c := Default()
	before := c.Health.Interval[1]
	changed := c
	if p := parseFile(&changed, "", []byte("health: {interval: {1: 1s}}")).problems; len(p) > 0 {
		t.Fatal(p)
	}
	if c.Health.Interval[1] != before || changed.Health.Interval[1] != time.Second {
		t.Error("a copy's map was changed")
	}
}

// allKeys are the keys of the configuration, such as http.listen.
func allKeys() []string {
	var all []string
	root := reflect.TypeFor[Config]()
	for i := range root.NumField() {
		section := root.Field(i)
		if section.Type.Kind() != reflect.Struct {
			all = append(all, section.Tag.Get("yaml"))
			continue
		}
		all = append(all, keysOf(section.Type, section.Tag.Get("yaml"))...)
	}
	return all
}

func keysOf(section reflect.Type, path string) []string {
	var all []string
	for i := range section.NumField() {
		f := section.Field(i)
		key := path + "." + f.Tag.Get("yaml")
		if f.Type.Kind() == reflect.Struct {
			all = append(all, keysOf(f.Type, key)...)
		} else {
			all = append(all, key)
		}
	}
	return all
}

func FuzzLoad(f *testing.F) {
	files, _ := filepath.Glob("testdata/bad/*.yaml")
	for _, file := range append(files, "default.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "SHARPEYES_HTTP_LISTEN=:1")
	}
	f.Add([]byte("a: &a [*a]"), "SHARPEYES_HEALTH_INTERVAL_1=5s")
	f.Add([]byte("? {a: b}\n: c"), "SHARPEYES_MAP_CENTER=1,2")
	f.Fuzz(func(t *testing.T, data []byte, env string) {
		c, err := parse("f.yaml", data, []string{env})
		if err != nil {
			if err.Error() == "" {
				t.Error("an error that says nothing")
			}
			return
		}
		if err := c.Validate(); err != nil {
			t.Errorf("loaded, but isn't valid: %v", err)
		}
	})
}
