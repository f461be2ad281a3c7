package registry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"testing"

	"sharpeyes/registry"
)

func TestValidChannels(t *testing.T) {
	for name, edit := range map[string]func(*registry.Channel){
		"as it is":                func(*registry.Channel) {},
		"own id":                  func(c *registry.Channel) { c.ID = "Gate_7-b" },
		"20 characters, no code":  func(c *registry.Channel) { c.ID = "3502030000132000004a" },
		"19 digits":               func(c *registry.Channel) { c.ID = "3502030000132000004" },
		"class 9":                 func(c *registry.Channel) { c.Class = 9 },
		"one token":               func(c *registry.Channel) { c.Site = "xiamen" },
		"six tokens":              func(c *registry.Channel) { c.Site = "a/b/c/d/e/f" },
		"own scenario":            func(c *registry.Channel) { c.Scenario = "harbour-2" },
		"no position":             func(c *registry.Channel) { c.Lon, c.Lat = nil, nil },
		"the edge of the world":   func(c *registry.Channel) { c.Lon, c.Lat = ptr(-180.0), ptr(90.0) },
		"128 Chinese characters":  func(c *registry.Channel) { c.Name = strings.Repeat("门", 128) },
		"a Chinese tag":           func(c *registry.Channel) { c.Tags = []string{"校门"} },
		"rtsps, IPv6":             func(c *registry.Channel) { c.URL = "rtsps://[2001:db8::1]:322/a?b=c&d=e" },
		"neither user nor secret": func(c *registry.Channel) { c.Username, c.Password = "", "" },
		"no sub stream":           func(c *registry.Channel) { c.SubURL = "" },
	} {
		c := channel(1)
		edit(&c)
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInvalidChannels(t *testing.T) {
	tests := []struct {
		column, message string
		edit            func(*registry.Channel)
	}{
		{"id", "must be there", func(c *registry.Channel) { c.ID = "" }},
		{"id", "1 to 64 of", func(c *registry.Channel) { c.ID = "a.b" }},
		{"id", "1 to 64 of", func(c *registry.Channel) { c.ID = strings.Repeat("a", 65) }},
		{"id", "131 or 132", func(c *registry.Channel) { c.ID = "35020300001180000042" }},
		{"id", "impossible division", func(c *registry.Channel) { c.ID = "16020300001320000042" }},
		{"id", "spreadsheet", func(c *registry.Channel) { c.ID = "3.50203E+19" }},
		{"name", "1 to 128", func(c *registry.Channel) { c.Name = "" }},
		{"name", "1 to 128", func(c *registry.Channel) { c.Name = strings.Repeat("门", 129) }},
		{"name", "control", func(c *registry.Channel) { c.Name = "a\nb" }},
		{"name", "UTF-8", func(c *registry.Channel) { c.Name = "a\xff" }},
		{"class", "1 (public places)", func(c *registry.Channel) { c.Class = 4 }},
		{"site", "1 to 6 tokens", func(c *registry.Channel) { c.Site = "" }},
		{"site", "1 to 6 tokens", func(c *registry.Channel) { c.Site = "a/b/c/d/e/f/g" }},
		{"site", "1 to 6 tokens", func(c *registry.Channel) { c.Site = "a//b" }},
		{"site", "1 to 6 tokens", func(c *registry.Channel) { c.Site = "Xiamen" }},
		{"site", "1 to 6 tokens", func(c *registry.Channel) { c.Site = "xiamen\n" }},
		{"scenario", "a-z", func(c *registry.Channel) { c.Scenario = "a.b" }},
		{"scenario", "a-z", func(c *registry.Channel) { c.Scenario = "*" }},
		{"tags", "letters", func(c *registry.Channel) { c.Tags = []string{"a;b"} }},
		{"tags", "twice", func(c *registry.Channel) { c.Tags = []string{"a", "a"} }},
		{"lat", "when lon is", func(c *registry.Channel) { c.Lat = nil }},
		{"lon", "when lat is", func(c *registry.Channel) { c.Lon = nil }},
		{"lon", "-180 to 180", func(c *registry.Channel) { c.Lon = ptr(math.NaN()) }},
		{"lon", "-180 to 180", func(c *registry.Channel) { c.Lon = ptr(180.1) }},
		{"lat", "-90 to 90", func(c *registry.Channel) { c.Lat = ptr(math.Inf(1)) }},
		{"heading", "0 to 360", func(c *registry.Channel) { c.Heading = ptr(-1.0) }},
		{"url", "must be there", func(c *registry.Channel) { c.URL = "" }},
		{"url", "rtsp://", func(c *registry.Channel) { c.URL = "http://10.0.0.1/" }},
		{"url", "rtsp://", func(c *registry.Channel) { c.URL = "rtsp://" }},
		{"url", "rtsp://", func(c *registry.Channel) { c.URL = "rtsp://10.0.0.1:99999/" }},
		{"url", "2048", func(c *registry.Channel) { c.URL = "rtsp://10.0.0.1/" + strings.Repeat("a", 2048) }},
		{"url", "no user name", func(c *registry.Channel) { c.URL = "rtsp://admin:x@10.0.0.1/" }},
		{"sub_url", "rtsp://", func(c *registry.Channel) { c.SubURL = "10.0.0.1" }},
		{"username", "must be there", func(c *registry.Channel) { c.Username = "" }},
		{"password", "control", func(c *registry.Channel) { c.Password = "a\r\nb" }},
		{"transport", "auto, tcp or udp", func(c *registry.Channel) { c.Transport = "TCP" }},
		{"motion", "auto, always or off", func(c *registry.Channel) { c.Motion = "on" }},
		{"device", "256", func(c *registry.Channel) { c.Device = strings.Repeat("d", 257) }},
		{"contact", "control", func(c *registry.Channel) { c.Contact = "a\x00" }},
		{"install_time", "date", func(c *registry.Channel) { c.InstallTime = "2023-02-30" }},
		{"record_days", "whole number", func(c *registry.Channel) { c.RecordDays = ptr(-1) }},
	}
	for _, tt := range tests {
		c := channel(1)
		tt.edit(&c)
		var errs registry.FieldErrors
		if err := c.Validate(); !errors.As(err, &errs) {
			t.Errorf("%s (%s): accepted", tt.column, tt.message)
			continue
		}
		if len(errs) != 1 || errs[0].Column != tt.column || !strings.Contains(errs[0].Message, tt.message) {
			t.Errorf("%v, want one error of %s with %q", errs, tt.column, tt.message)
		}
		if strings.Contains(errs.Error(), "sesame") {
			t.Errorf("the error shows the password: %v", errs)
		}
	}
}

func TestNormalizeMovesUserInfo(t *testing.T) {
	tests := []struct{ url, user, password, want string }{
		{"rtsp://10.0.0.1/a", "", "", "rtsp://10.0.0.1/a"},
		{"rtsp://admin:pw@10.0.0.1:554/a", "admin", "pw", "rtsp://10.0.0.1:554/a"},
		{"rtsp://admin@10.0.0.1/a", "admin", "", "rtsp://10.0.0.1/a"},
		{"rtsp://admin:@10.0.0.1/a", "admin", "", "rtsp://10.0.0.1/a"},
		{"rtsps://admin:pw@[2001:db8::1]:322/a", "admin", "pw", "rtsps://[2001:db8::1]:322/a"},
		// As the standard wants it.
		{"rtsp://admin:a%40b%3Ac%2Fd%23e%3Ff%5Eg%25@cam.example/a", "admin", "a@b:c/d#e?f^g%", "rtsp://cam.example/a"},
		// As people write it.
		{"rtsp://admin:p@ss@10.0.0.1/a", "admin", "p@ss", "rtsp://10.0.0.1/a"},
		{"rtsp://admin:p:s:s@10.0.0.1/a", "admin", "p:s:s", "rtsp://10.0.0.1/a"},
		{"rtsp://admin:p/ss@10.0.0.1/a", "admin", "p/ss", "rtsp://10.0.0.1/a"},
		{"rtsp://admin:12/34@10.0.0.1:554/a", "admin", "12/34", "rtsp://10.0.0.1:554/a"},
		{"rtsp://admin:p#ss@10.0.0.1/a", "admin", "p#ss", "rtsp://10.0.0.1/a"},
		{"rtsp://admin:1#2@sim:8554/a", "admin", "1#2", "rtsp://sim:8554/a"},
		{"rtsp://admin:p?ss@10.0.0.1/a", "admin", "p?ss", "rtsp://10.0.0.1/a"},
		{"rtsp://admin:p^s%s@10.0.0.1/a", "admin", "p^s%s", "rtsp://10.0.0.1/a"},
		{"rtsp://admin:100%@localhost:8554/a", "admin", "100%", "rtsp://localhost:8554/a"},
		{"rtsp://admin:@:/#^%@10.0.0.1/a@b", "admin", "@:/#^%", "rtsp://10.0.0.1/a@b"},
		{"rtsp://admin:a@b/c@10.0.0.1/x", "admin", "a@b/c", "rtsp://10.0.0.1/x"},
		{"rtsp://admin:pa/ss@sim:8554/x", "admin", "pa/ss", "rtsp://sim:8554/x"},
		{"rtsp://me@example.com:pw/1@10.0.0.1/x", "me@example.com", "pw/1", "rtsp://10.0.0.1/x"},
		{"rtsp://管理:口令@10.0.0.1/x", "管理", "口令", "rtsp://10.0.0.1/x"},
		// An "@" that isn't the end of any user info.
		{"rtsp://10.0.0.1/live@2", "", "", "rtsp://10.0.0.1/live@2"},
		{"rtsp://camera1/live@2", "", "", "rtsp://camera1/live@2"},
		{"rtsp://10.0.0.1:554/proxy@10.0.0.9/x", "", "", "rtsp://10.0.0.1:554/proxy@10.0.0.9/x"},
		{"rtsp://admin:pw@10.0.0.1/live@2", "admin", "pw", "rtsp://10.0.0.1/live@2"},
		{"rtsp://@10.0.0.1/x", "", "", "rtsp://10.0.0.1/x"},
	}
	for _, tt := range tests {
		c := channel(1)
		c.URL, c.Username, c.Password, c.SubURL = " "+tt.url+" ", "", "", ""
		if err := c.Prepare(); err != nil {
			t.Errorf("%s: %v", tt.url, err)
			continue
		}
		if c.URL != tt.want || c.Username != tt.user || c.Password.Reveal() != tt.password {
			t.Errorf("%s became %s of %q with %q", tt.url, c.URL, c.Username, c.Password.Reveal())
		}
	}
}

func TestNormalizeCredentialsOfBothURLs(t *testing.T) {
	c := channel(1)
	c.URL, c.SubURL = "rtsp://root:new@10.0.0.1/1", "rtsp://root:new@10.0.0.1/2"
	if err := c.Prepare(); err != nil || c.Username != "root" || c.Password != "new" || strings.Contains(c.URL+c.SubURL, "@") {
		t.Errorf("user info of the URLs doesn't take the place of the old: %+v, %v", c, err)
	}
	c = channel(1)
	c.SubURL = "rtsp://root@10.0.0.1/2"
	if err := c.Prepare(); err != nil || c.Username != "root" || c.Password != "sesame-1" {
		t.Errorf("a user name alone takes the password away: %v %v", c.Username, err)
	}
	c.URL, c.SubURL = "rtsp://root:tiger@10.0.0.1/1", "rtsp://root:lion@10.0.0.1/2"
	if err := c.Prepare(); err == nil || strings.Contains(err.Error(), "lion") || strings.Contains(err.Error(), "tiger") {
		t.Errorf("two credentials: %v", err)
	}
}

func TestErrorsHideUserInfo(t *testing.T) {
	for _, url := range []string{
		"http://admin:sesame@10.0.0.1/", "rtsp://admin:sesame@", "rtsp://admin:sesame", "admin:sesame@10.0.0.1",
		"rtsp://admin:x@sesame", "rtsp://admin:sesame@10.0.0.1:99999/", "rtsp://admin:se#sa@sesame/#", "rtsp:/admin:sesame@h",
	} {
		c := channel(1)
		c.URL, c.SubURL = url, url
		err := c.Prepare()
		if err == nil {
			if strings.Contains(c.URL, "sesame") && url != "rtsp://admin:x@sesame" {
				t.Errorf("%s was accepted as %s", url, c.URL)
			}
			continue
		}
		if strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestDeviceKey(t *testing.T) {
	for want, c := range map[string]registry.Channel{
		"nvr-1":             {Device: "nvr-1", URL: "rtsp://10.0.0.1/a"},
		"10.0.0.1:554":      {URL: "rtsp://10.0.0.1/a"},
		"10.0.0.1:322":      {URL: "rtsps://10.0.0.1/a"},
		"10.0.0.1:8554":     {URL: "rtsp://10.0.0.1:8554/a"},
		"[2001:db8::1]:554": {URL: "rtsp://[2001:db8::1]/a"},
	} {
		if got := c.DeviceKey(); got != want {
			t.Errorf("DeviceKey of %+v = %q, want %q", c.URL, got, want)
		}
	}
}

func TestPasswordGoesNowhere(t *testing.T) {
	c := channel(1)
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	listing, _ := json.Marshal(registry.Listing{Channel: c})
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "channel", c, "password", c.Password)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "channel", c, "password", c.Password)
	all := string(j) + string(listing) + log.String() + fmt.Sprintf("%v %+v %#v %s", c, c, c, c.Password)
	if strings.Contains(all, "sesame") {
		t.Errorf("the password is in %s", all)
	}
	if strings.Contains(string(j), "password") {
		t.Errorf("JSON shows that there is a password: %s", j)
	}
}

func TestDecodeChannel(t *testing.T) {
	want := channel(1)
	j, _ := json.Marshal(want)
	j = append(j[:len(j)-1], `,"password":"sesame-1"}`...)
	got, err := registry.DecodeChannel(j)
	if err != nil || !registry.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	var loose registry.Channel
	if err := json.Unmarshal([]byte(`{"id":"a","url":"rtsp://h/","new_field":1}`), &loose); err != nil {
		t.Fatal(err)
	}
	if !loose.Enabled || loose.Transport != "auto" || loose.Motion != "auto" {
		t.Errorf("defaults: %+v", loose)
	}
	var listing registry.Listing
	if err := json.Unmarshal([]byte(`{"id":"a","status":{"state":"online"}}`), &listing); err != nil || listing.ID != "a" || listing.Status.State != "online" {
		t.Errorf("listing: %+v, %v", listing, err)
	}
}

func TestDecodeChannelRefuses(t *testing.T) {
	valid := `"id":"a","name":"n","class":1,"site":"x","scenario":"campus","url":"rtsp://h/"`
	if _, err := registry.DecodeChannel([]byte("{" + valid + "}")); err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		``:                                   "one JSON object",
		`[]`:                                 "one JSON object",
		`null`:                               "one JSON object",
		`{` + valid:                          "no valid JSON",
		`{` + valid + `}{}`:                  "follows",
		`{` + valid + `,"colour":"red"}`:     "colour: is no field",
		`{` + valid + `,"Name":"x"}`:         "Name: is no field",
		`{` + valid + `,"id":"b"}`:           "id: is there twice",
		`{` + valid + `,"lon":"east"}`:       `lon "east": must be a number`,
		`{` + valid + `,"lon":118}`:          "lat: must be there when lon is",
		`{` + valid + `,"enabled":"yes"}`:    `enabled "yes": must be true or false`,
		`{` + valid + `,"record_days":1.5}`:  "whole number",
		`{` + valid + `,"tags":"gate"}`:      "list of texts",
		`{` + valid + `,"password":["pw"]}`:  "password: must be a text",
		`{` + valid + `,"heading":1e999}`:    "heading",
		`{"name":"n","class":"1"}`:           `class "1": must be a number`,
		`{` + valid + `,"sub_url":"http:x"}`: "sub_url",
	} {
		_, err := registry.DecodeChannel([]byte(body))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: the error shows the password: %v", body, err)
		}
	}
}

func TestPatch(t *testing.T) {
	old := channel(1)
	before := channel(1)
	got, err := old.Patch([]byte(`{"name":"New","enabled":false,"lon":118.5,"tags":["a"],"sub_url":null,"record_days":null,"transport":null}`))
	if err != nil {
		t.Fatal(err)
	}
	want := channel(1)
	want.Name, want.Enabled, want.Lon, want.Tags = "New", false, ptr(118.5), []string{"a"}
	want.SubURL, want.RecordDays = "", nil
	if !registry.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !registry.Equal(old, before) {
		t.Errorf("the old channel changed: %+v", old)
	}
	if got, err := got.Patch([]byte(`{"enabled":null}`)); err != nil || !got.Enabled {
		t.Errorf("null isn't the default: %v %v", got.Enabled, err)
	}
	for _, bad := range []string{`{"id":"other"}`, `{"site":null}`, `{"class":null}`, `{"nmae":"x"}`, `{"name":""}`} {
		if _, err := old.Patch([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", bad)
		}
	}
}

// Whoever adds a field must add it to Equal.
func TestEqualSeesEveryField(t *testing.T) {
	if !registry.Equal(channel(1), channel(1)) {
		t.Fatal("a channel isn't equal to itself")
	}
	typ := reflect.TypeFor[registry.Channel]()
	for i := range typ.NumField() {
		whole := channel(1)
		whole.Via = "siming"
		c := whole
		f := reflect.ValueOf(&c).Elem().Field(i)
		f.SetZero()
		if registry.Equal(c, whole) {
			t.Errorf("Equal doesn't see %s", typ.Field(i).Name)
		}
	}
}

func TestSiteValidate(t *testing.T) {
	if err := (registry.Site{Path: "xiamen/siming", Name: "思明区", Lon: ptr(118.1), Lat: ptr(24.4)}).Validate(); err != nil {
		t.Error(err)
	}
	for _, s := range []registry.Site{{Path: "x"}, {Path: "X", Name: "x"}, {Path: "x/", Name: "x"}, {Path: "x", Name: "x", Lon: ptr(1.0)}} {
		if s.Validate() == nil {
			t.Errorf("%+v: accepted", s)
		}
	}
}

// The short way of decoding must not take what the long way refuses.
func TestDecodeChannelTakesNoShortcuts(t *testing.T) {
	valid := `"id":"a","name":"n","class":1,"site":"x","scenario":"campus","url":"rtsp://h/"`
	for body, ok := range map[string]bool{
		"\t{ " + valid + ` , "contact" : "\"id\":{[" , "tags" : [ "id" ] }` + " ": true,
		`{` + valid + `,"contact":"\\","device":"d"}`:                             true,
		`{` + valid + `,"na\u006de":"again"}`:                                     false,
		`{` + valid + `,"CONTACT":"x"}`:                                           false,
		`{` + valid + `,"contact":{"id":1}}`:                                      false,
		`[{` + valid + `}]`:                                                       false,
	} {
		if _, err := registry.DecodeChannel([]byte(body)); (err == nil) != ok {
			t.Errorf("%s: %v", body, err)
		}
	}
}
