package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestControl(t *testing.T) {
	f := farm(t, func(o *Options) { o.Control = "127.0.0.1:0" })
	channels, _ := City(1000, f.URL)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	call := func(method, path, body string, want int) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, f.ControlURL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != want {
			t.Errorf("%s %s: %d %s, %v; want %d", method, path, res.StatusCode, b, err, want)
		}
		return string(b)
	}
	call("PUT", "/cameras/5/fault", `{"kind":"die"}`, 204)
	call("PUT", "/cameras/"+channels[7].ID+"/fault", `{"kind":"loss","percent":2.5}`, 204)
	if f.Fault(5) != (Fault{Kind: Die}) || f.Fault(7) != (Fault{Kind: Loss, Percent: 2.5}) {
		t.Errorf("faults are %+v and %+v", f.Fault(5), f.Fault(7))
	}
	var totals Totals
	if err := json.Unmarshal([]byte(call("GET", "/", "", 200)), &totals); err != nil || totals.Cameras != 1000 || totals.Faults != 2 {
		t.Errorf("%+v, %v", totals, err)
	}
	one := call("GET", "/cameras/"+channels[7].ID, "", 200)
	for _, want := range []string{`"camera":7`, fmt.Sprintf("%q", f.URL(7, "main")), `"codec"`, `"plays":0`, `"fault":{"kind":"loss","percent":2.5}`} {
		if !strings.Contains(one, want) {
			t.Errorf("camera 7 is %s, without %s", one, want)
		}
	}
	call("DELETE", "/cameras/5/fault", "", 204)
	if f.Fault(5) != (Fault{}) {
		t.Errorf("camera 5 still has %+v", f.Fault(5))
	}
	call("PUT", "/cameras/5/traits", `{"auth":"sha256","qop":true,"password":"pass:wörd"}`, 204)
	if f.Traits(5) != (Traits{Auth: "sha256", QOP: true, Password: "pass:wörd"}) {
		t.Errorf("traits are %+v", f.Traits(5))
	}
	if one := call("GET", "/cameras/5", "", 200); strings.Contains(one, "wörd") || !strings.Contains(one, `"auth":"sha256"`) {
		t.Errorf("camera 5 is %s", one)
	}
	call("PUT", "/cameras/5/traits", `{"auth":"kerberos"}`, 422)
	call("PUT", "/cameras/5/traits", `{"gop":60}`, 422)
	call("DELETE", "/cameras/5/traits", "", 204)
	call("GET", "/cameras/1000", "", 404)
	call("GET", "/cameras/35020301001310999999", "", 404)
	call("GET", "/elsewhere", "", 404)
	call("PUT", "/cameras/5/fault", `{"kind":"explode"}`, 422)
	call("PUT", "/cameras/5/fault", `{"sort":"die"}`, 400)
	call("PUT", "/cameras/5/fault", `nonsense`, 400)
}
