package devices

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sharpeyes/registry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// direct is a transport that calls a handler, without a network, so that time can be the test's.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	pr, pw := io.Pipe()
	w := &answerWriter{header: http.Header{}, body: pw, begun: make(chan int, 1)}
	ctx := r.Context()
	stop := context.AfterFunc(ctx, func() { pw.CloseWithError(ctx.Err()); pr.CloseWithError(ctx.Err()) })
	go func() {
		defer stop()
		defer pw.Close()
		d.ServeHTTP(w, r)
		w.WriteHeader(200)
	}()
	select {
	case status := <-w.begun:
		return &http.Response{StatusCode: status, Header: w.header, Body: pr, Request: r}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type answerWriter struct {
	header http.Header
	body   *io.PipeWriter
	once   sync.Once
	begun  chan int
}

func (w *answerWriter) Header() http.Header    { return w.header }
func (w *answerWriter) WriteHeader(status int) { w.once.Do(func() { w.begun <- status }) }
func (w *answerWriter) Write(b []byte) (int, error) {
	w.WriteHeader(200)
	return w.body.Write(b)
}

// within sends what the other side must take in the test's time.
func within(t *testing.T, to chan<- string, s string) {
	t.Helper()
	select {
	case to <- s:
	case <-time.After(time.Minute):
		t.Fatal("nobody listens")
	}
}

// digest lets through who knows the password.
func digest(password string, refused *atomic.Int32, next http.HandlerFunc) http.HandlerFunc {
	hash := func(s string) string { sum := md5.Sum([]byte(s)); return hex.EncodeToString(sum[:]) }
	return func(w http.ResponseWriter, r *http.Request) {
		given := map[string]string{}
		for _, m := range parameter.FindAllStringSubmatch(r.Header.Get("Authorization"), -1) {
			given[m[1]] = m[2] + m[3]
		}
		a1, a2 := hash("admin:Login to 1:"+password), hash(r.Method+":"+r.URL.RequestURI())
		if given["response"] == hash(a1+":n1:"+given["nc"]+":"+given["cnonce"]+":auth:"+a2) && given["uri"] == r.URL.RequestURI() {
			next(w, r)
			return
		}
		if len(given) > 0 {
			refused.Add(1)
		}
		w.Header().Add("WWW-Authenticate", `Basic realm="x"`)
		w.Header().Add("WWW-Authenticate", `Digest realm="Login to 1", qop="auth", nonce="n1", opaque="o"`)
		w.WriteHeader(401)
	}
}

// ears hear what is told.
type ears struct {
	mu    sync.Mutex
	heard []string
}

func (e *ears) tell(channel string, on bool, _ time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, fmt.Sprintf("%s %v", channel, on))
}

func (e *ears) want(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Equal(e.heard, want) {
		t.Fatalf("heard %q, want %q", e.heard, want)
	}
	e.heard = nil
}

// start asks the devices of some channels, which all answer by the handler.
func start(t *testing.T, h http.Handler, channels ...registry.Channel) (*Devices, *ears, func()) {
	t.Helper()
	e := &ears{}
	d := New(Options{Tell: e.tell, Log: slog.New(slog.DiscardHandler)})
	d.client.Transport = direct{h}
	d.choose(channels)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	return d, e, func() {
		t.Helper()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func (d *Devices) choose(channels []registry.Channel) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.want = nil
	for _, c := range channels {
		if one, ok := targetOf(c); ok {
			d.want = append(d.want, one)
		}
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func channel(id, tag, rest string) registry.Channel {
	return registry.Channel{ID: id, URL: "rtsp://10.0.0.9:554" + rest, Tags: []string{"x", tag}, Username: "admin", Password: "secret", Motion: "auto", Enabled: true}
}

func TestTargets(t *testing.T) {
	for _, c := range []struct {
		tag, url, address string
		input             int
	}{
		{"motion-onvif", "/a", "10.0.0.9:80", 0},
		{"motion-onvif-8080", "/a", "10.0.0.9:8080", 0},
		{"motion-hikvision", "/Streaming/Channels/1601", "10.0.0.9:80", 16},
		{"motion-hikvision", "/Streaming/channels/102?x=1", "10.0.0.9:80", 1},
		{"motion-hikvision", "/h264/ch3/main/av_stream", "10.0.0.9:80", 3},
		{"motion-hikvision", "/other", "10.0.0.9:80", 0},
		{"motion-dahua", "/cam/realmonitor?channel=4&subtype=0", "10.0.0.9:80", 4},
		{"motion-dahua", "/cam/realmonitor?channel=99999999999999999999", "10.0.0.9:80", 0},
		{"motion-other", "/a", "", 0},
		{"motion-onvif-x", "/a", "", 0},
	} {
		got, ok := targetOf(channel("a", c.tag, c.url))
		if ok != (c.address != "") || got.address != c.address || got.input != c.input {
			t.Errorf("%s %s: %v %+v", c.tag, c.url, ok, got)
		}
	}
	for name, off := range map[string]func(*registry.Channel){
		"disabled": func(c *registry.Channel) { c.Enabled = false },
		"off":      func(c *registry.Channel) { c.Motion = "off" },
	} {
		c := channel("a", "motion-onvif", "/a")
		off(&c)
		if _, ok := targetOf(c); ok {
			t.Errorf("%s: asked", name)
		}
	}
}

// parts writes parts of an answer that goes on, as they come.
func parts(kind string, says <-chan string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(200)
		for {
			select {
			case s, ok := <-says:
				if !ok {
					return
				}
				for _, b := range []string{s[:len(s)/2], s[len(s)/2:]} {
					if _, err := io.WriteString(w, b); err != nil {
						return
					}
				}
			case <-r.Context().Done():
				return
			}
		}
	}
}

func TestHikvision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		says, refused := make(chan string), new(atomic.Int32)
		alert := func(element, input, kind, state string) {
			within(t, says, "--boundary\r\nContent-Type: application/xml; charset=\"UTF-8\"\r\nContent-Length: 500\r\n\r\n"+
				`<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">`+"\r\n<ipAddress>10.0.0.9</ipAddress><"+element+">"+input+"</"+element+
				"><dateTime>2026-05-04T11:20:02+08:00</dateTime><activePostCount>1</activePostCount><eventType>"+kind+"</eventType><eventState>"+state+"</eventState></EventNotificationAlert>\r\n")
			synctest.Wait()
		}
		var mu sync.Mutex
		var paths []string
		_, e, stop := start(t, digest("secret", refused, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			paths = append(paths, r.URL.Path)
			mu.Unlock()
			parts("multipart/mixed; boundary=boundary", says)(w, r)
		}), channel("one", "motion-hikvision", "/Streaming/Channels/101"), channel("two", "motion-hikvision", "/Streaming/Channels/201"))
		defer stop()
		alert("channelID", "1", "videoloss", "inactive")
		e.want(t)
		alert("channelID", "1", "VMD", "active")
		alert("dynChannelID", "2", "VMD", "active")
		e.want(t, "one true", "two true")
		for range 30 {
			time.Sleep(time.Second)
			alert("channelID", "1", "VMD", "active")
		}
		e.want(t, "two false") // by silence
		alert("channelID", "1", "VMD", "inactive")
		e.want(t, "one false")
		for range 100 { // heartbeats keep the connection
			time.Sleep(10 * time.Second)
			alert("channelID", "1", "videoloss", "inactive")
		}
		mu.Lock()
		if want := []string{"/ISAPI/Event/notification/alertStream"}; !slices.Equal(paths, want) || refused.Load() != 0 {
			t.Fatalf("asked for %q, %d refused", paths, refused.Load())
		}
		mu.Unlock()
		alert("channelID", "1", "VMD", "active")
		e.want(t, "one true")
		time.Sleep(2 * time.Minute) // silence: another connection
		e.want(t, "one false")
		mu.Lock()
		defer mu.Unlock()
		if len(paths) < 2 {
			t.Fatal("it listens to a device that is silent")
		}
	})
}

func TestDahua(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		says, refused := make(chan string), new(atomic.Int32)
		_, e, stop := start(t, digest("secret", refused, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/cgi-bin/eventManager.cgi" || r.URL.Query().Get("codes") != "[VideoMotion]" {
				t.Errorf("asked for %v", r.URL)
			}
			parts("multipart/x-mixed-replace; boundary=myboundary", says)(w, r)
		}), channel("one", "motion-dahua", "/cam/realmonitor?channel=1&subtype=0"), channel("two", "motion-dahua", "/cam/realmonitor?channel=2&subtype=0"))
		say := func(s string) {
			within(t, says, "--myboundary\r\nContent-Type: text/plain\r\nContent-Length:9\r\n\r\n"+s+"\r\n\r\n")
		}
		say("Heartbeat")
		say("Code=VideoBlind;action=Start;index=0")
		e.want(t)
		say("Code=VideoMotion;action=Start;index=1;data={\n   \"Id\" : [ 0 ],\n   \"RegionName\" : [ \"Region1\" ]\n}\n")
		e.want(t, "two true")
		say("Code=VideoMotion;action=Start;index=0")
		say("Code=VideoMotion;action=Stop;index=1")
		e.want(t, "one true", "two false")
		close(says) // a reboot
		e.want(t, "one false")
		stop()
	})
}

// A password that was refused isn't sent again for half an hour; a device that is dead is tried ever
// more seldom.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := new(atomic.Int32)
		d, e, stop := start(t, digest("another", refused, nil), channel("one", "motion-dahua", "/"))
		time.Sleep(29 * time.Minute)
		synctest.Wait()
		if refused.Load() != 1 {
			t.Fatalf("%d times in 29 minutes", refused.Load())
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if refused.Load() != 2 {
			t.Fatalf("%d times in 31 minutes", refused.Load())
		}
		edited := channel("one", "motion-dahua", "/")
		edited.Password = "new"
		d.choose([]registry.Channel{edited})
		synctest.Wait()
		if refused.Load() != 3 {
			t.Fatal("an edit isn't tried at once")
		}
		stop()
		e.want(t)

		tries := new(atomic.Int32)
		_, _, stop = start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { tries.Add(1); w.WriteHeader(500) }), channel("one", "motion-dahua", "/"))
		time.Sleep(time.Hour)
		stop()
		if n := tries.Load(); n < 60 || n > 140 {
			t.Fatalf("%d tries in an hour", n)
		}
	})
}

// camera speaks ONVIF. Its clock is hours off.
type camera struct {
	t             *testing.T
	ahead         time.Duration
	mu            sync.Mutex
	subscription  int
	lives         time.Time
	messages      chan string
	renewed       int
	subscribed    int
	unsubscribed  int
	refusesTokens bool
}

var (
	wsse  = regexp.MustCompile(`<w:Username>(.*)</w:Username><w:Password Type="[^"]*#PasswordDigest">(.*)</w:Password><w:Nonce [^>]*>(.*)</w:Nonce><u:Created>(.*)</u:Created>`)
	shell = `<?xml version="1.0"?><env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema"><env:Body>%s</env:Body></env:Envelope>`
)

func (c *camera) fault(w http.ResponseWriter, code string) {
	w.WriteHeader(400)
	fmt.Fprintf(w, shell, `<env:Fault><env:Code><env:Value>env:Sender</env:Value><env:Subcode><env:Value>`+code+`</env:Value></env:Subcode></env:Code><env:Reason><env:Text xml:lang="en">no</env:Text></env:Reason></env:Fault>`)
}

// signed checks the token against the password and the camera's own clock.
func (c *camera) signed(body string) bool {
	m := wsse.FindStringSubmatch(body)
	if m == nil || m[1] != "admin" {
		return false
	}
	nonce, _ := base64.StdEncoding.DecodeString(m[3])
	sum := sha1.Sum([]byte(string(nonce) + m[4] + "secret"))
	created, err := time.Parse(time.RFC3339, m[4])
	d := time.Now().Add(c.ahead).Sub(created)
	return err == nil && m[2] == base64.StdEncoding.EncodeToString(sum[:]) && d > -2*time.Second && d < 2*time.Second
}

func (c *camera) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	body := string(b)
	say := func(s string) { fmt.Fprintf(w, shell, s) }
	if strings.Contains(body, "GetSystemDateAndTime") {
		now := time.Now().Add(c.ahead).UTC()
		say(fmt.Sprintf(`<d:GetSystemDateAndTimeResponse xmlns:d="x"><d:SystemDateAndTime><tt:UTCDateTime><tt:Time><tt:Hour>%d</tt:Hour><tt:Minute>%d</tt:Minute><tt:Second>%d</tt:Second></tt:Time>`+
			`<tt:Date><tt:Year>%d</tt:Year><tt:Month>%d</tt:Month><tt:Day>%d</tt:Day></tt:Date></tt:UTCDateTime></d:SystemDateAndTime></d:GetSystemDateAndTimeResponse>`,
			now.Hour(), now.Minute(), now.Second(), now.Year(), now.Month(), now.Day()))
		return
	}
	if !c.refusesTokens && !c.signed(body) {
		c.fault(w, "ter:NotAuthorized")
		return
	}
	c.mu.Lock()
	known := strings.Contains(body, fmt.Sprintf(`>%d</r:SubscriptionId>`, c.subscription)) && time.Now().Before(c.lives) && r.URL.RequestURI() == "/onvif/sub?Idx=0"
	switch {
	case strings.Contains(body, "GetCapabilities"):
		c.mu.Unlock()
		say(`<d:GetCapabilitiesResponse xmlns:d="x"><d:Capabilities><tt:Events><tt:XAddr>http://192.168.1.2:9000/onvif/Events</tt:XAddr></tt:Events></d:Capabilities></d:GetCapabilitiesResponse>`)
	case strings.Contains(body, "CreatePullPointSubscription") && r.URL.Path == "/onvif/Events":
		c.subscription++
		c.subscribed++
		c.lives = time.Now().Add(lifeTime)
		n := c.subscription
		c.mu.Unlock()
		say(fmt.Sprintf(`<e:CreatePullPointSubscriptionResponse xmlns:e="y"><e:SubscriptionReference><a:Address xmlns:a="z">http://192.168.1.2:9000/onvif/sub?Idx=0</a:Address>`+
			`<a:ReferenceParameters xmlns:a="z"><dom0:SubscriptionId xmlns:dom0="http://maker.example/&quot;">%d</dom0:SubscriptionId></a:ReferenceParameters></e:SubscriptionReference></e:CreatePullPointSubscriptionResponse>`, n))
	case !known:
		c.mu.Unlock()
		c.fault(w, "wsrf-rw:ResourceUnknownFault")
	case strings.Contains(body, "n:Renew"):
		c.renewed++
		c.lives = time.Now().Add(lifeTime)
		c.mu.Unlock()
		say(`<n:RenewResponse xmlns:n="q"/>`)
	case strings.Contains(body, "n:Unsubscribe"):
		c.unsubscribed++
		c.lives = time.Time{}
		c.mu.Unlock()
		say(`<n:UnsubscribeResponse xmlns:n="q"/>`)
	default:
		c.mu.Unlock()
		message := ""
		select {
		case message = <-c.messages:
		case <-time.After(pullTime):
		case <-r.Context().Done():
		}
		say(`<e:PullMessagesResponse xmlns:e="y"><e:CurrentTime>x</e:CurrentTime>` + message + `</e:PullMessagesResponse>`)
	}
}

func (c *camera) notify(operation, on string) {
	c.t.Helper()
	within(c.t, c.messages, `<wsnt:NotificationMessage xmlns:wsnt="w"><wsnt:Topic>tns1:RuleEngine/CellMotionDetector/Motion</wsnt:Topic><wsnt:Message><tt:Message PropertyOperation="`+operation+
		`"><tt:Source><tt:SimpleItem Name="VideoSourceConfigurationToken" Value="V"/></tt:Source><tt:Data><tt:SimpleItem Name="IsMotion" Value="`+on+`"/></tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>`)
}

func TestPullPoint(t *testing.T) {
	for name, c := range map[string]*camera{
		"tokens": {ahead: 7 * time.Hour},
		"digest": {ahead: -40 * 365 * 24 * time.Hour, refusesTokens: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.t, c.messages = t, make(chan string)
				h, refused := http.Handler(c), new(atomic.Int32)
				if c.refusesTokens {
					h = digest("secret", refused, c.ServeHTTP)
				}
				_, e, stop := start(t, h, channel("a", "motion-onvif", "/live"))
				c.notify("Initialized", "true")
				e.want(t)
				c.notify("Changed", "true")
				e.want(t, "a true")
				c.notify("Changed", "false")
				e.want(t, "a false")
				time.Sleep(10 * time.Minute)
				c.mu.Lock()
				if c.subscribed != 1 || c.renewed < 7 || c.renewed > 10 {
					t.Fatalf("%d subscriptions, renewed %d times in 10 minutes", c.subscribed, c.renewed)
				}
				c.mu.Unlock()
				c.notify("Changed", "true")
				e.want(t, "a true")
				c.mu.Lock()
				c.lives = time.Time{} // a reboot
				c.mu.Unlock()
				time.Sleep(30 * time.Second)
				e.want(t, "a false")
				c.notify("Changed", "true")
				e.want(t, "a true")
				stop()
				e.want(t, "a false")
				if c.subscribed != 2 || c.unsubscribed != 1 || refused.Load() != 0 {
					t.Fatalf("%d subscriptions, %d given back, %d refused", c.subscribed, c.unsubscribed, refused.Load())
				}
			})
		})
	}
}

// A recorder can't say over ONVIF which channel moves, so it isn't asked.
func TestRecorderOverONVIF(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, stop := start(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked") }),
			channel("a", "motion-onvif", "/1"), channel("b", "motion-onvif", "/2"))
		synctest.Wait()
		stop()
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`<EventNotificationAlert version="2.0" xmlns="x"><channelID>1</channelID><eventType>VMD</eventType><eventState>active</eventState></EventNotificationAlert>`))
	f.Add([]byte("Code=VideoMotion;action=Start;index=0;data={\r\n"))
	f.Add([]byte(fmt.Sprintf(shell, `<env:Fault><env:Code><env:Subcode><env:Value>ter:NotAuthorized</env:Value></env:Subcode></env:Code></env:Fault>`)))
	f.Add([]byte(fmt.Sprintf(shell, `<e:CreatePullPointSubscriptionResponse><e:SubscriptionReference><a:Address>http://[::1</a:Address><a:ReferenceParameters><x y="z">&lt;</x></a:ReferenceParameters></e:SubscriptionReference></e:CreatePullPointSubscriptionResponse>`)))
	f.Add([]byte(`Digest realm="a\"b", qop="auth,auth-int", nonce=x, algorithm=SHA-256`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if w, ok := parseAlert(b); ok && w.input < 0 {
			t.Fatal("input")
		}
		if w, ok := parseEvent(string(b)); ok && w.input < 0 {
			t.Fatal("input")
		}
		if c, err := digestOf([]string{string(b)}); err == nil {
			(&client{challenge: c}).authorization("GET", "/")
		}
		a, err := parseAnswer(b)
		if err != nil {
			return
		}
		path := pathOf(a.Subscription.Address, "/x")
		if u, err := url.Parse("http://10.0.0.9:80" + path); err != nil || u.Host != "10.0.0.9:80" {
			t.Fatalf("an address leads to %q", path)
		}
		c := &client{username: "u", password: "p"}
		if _, err := parseAnswer([]byte(c.envelope("a", a.Subscription.Address, named(a.Subscription.References.All), "", time.Unix(1, 0)))); err != nil {
			t.Fatalf("what is asked isn't XML: %v", err)
		}
	})
}
