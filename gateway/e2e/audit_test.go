//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/nats-io/nats.go"

	"sharpeyes/streams/sim"
)

// Who signs in, watches, changes something or is refused is on record, over TLS on every door; the record can
// be checked, nobody can delete from it, and no password, token or session is in what is kept or said.
func TestAudit(t *testing.T) {
	t.Parallel()
	const password, wrong = "mark-of-a-user/93", "mark-of-a-guess/94"
	s := startSim(t, 20)
	cert, key, pool := selfSigned(t)
	section := fmt.Sprintf("{listen: 127.0.0.1:0, tls_cert: %s, tls_key: %s}", cert, key)
	g := prepareGateway(t, settings{"http": section, "nats": section, "access": "{anonymous: none}", "log": "{level: debug}"})
	g.process = spawn(t, []string{"SHARPEYES_ADMIN_PASSWORD=" + password}, "serve", "--config", g.config)
	g.addresses(t)
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	said := map[string]string{}
	ask := func(method, path, body string, with func(*http.Request)) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "https://"+g.http+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		with(req)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if path != "/users/admin/tokens" { // which is where a token is to be told, once
			said[method+" "+path] += string(b)
		}
		res.Body = io.NopCloser(strings.NewReader(string(b)))
		return res
	}
	nobody := func(*http.Request) {}

	if res := ask("POST", "/session", `{"name":"admin","password":"`+wrong+`"}`, nobody); res.StatusCode != http.StatusUnauthorized || res.Header.Get("WWW-Authenticate") != "" {
		t.Fatalf("a wrong password: %s %v", res.Status, res.Header)
	}
	res := ask("POST", "/session", `{"name":"admin","password":"`+password+`"}`, nobody)
	if res.StatusCode != http.StatusOK || len(res.Cookies()) != 1 {
		t.Fatalf("signing in: %s", res.Status)
	}
	session := res.Cookies()[0]
	if !session.HttpOnly || !session.Secure || session.SameSite != http.SameSiteStrictMode || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("the cookie is %+v", session)
	}
	cookie := func(r *http.Request) { r.AddCookie(session) }
	if res := ask("DELETE", "/channels/gate", "", func(r *http.Request) { cookie(r); r.Header.Set("Origin", "https://elsewhere.example") }); res.StatusCode != http.StatusForbidden {
		t.Errorf("another site's page: %s", res.Status)
	}
	row := s.channelRow("gate", s.find(t, 0, plain(sim.H264, false)))
	body, err := json.Marshal(map[string]any{"name": "Gate", "class": 1, "site": row["site"], "scenario": "campus", "url": row["url"]})
	if err != nil {
		t.Fatal(err)
	}
	if res := ask("PUT", "/channels/gate", string(body), cookie); res.StatusCode != http.StatusCreated {
		t.Fatalf("registering: %s", res.Status)
	}
	var token struct{ Token string }
	if err := json.NewDecoder(ask("POST", "/users/admin/tokens", `{"name":"the wall"}`, cookie).Body).Decode(&token); err != nil || token.Token == "" {
		t.Fatal("no token: ", err)
	}
	watch := func(user, password string) (base.StatusCode, error) {
		p, err := dial(t.Context(), net.Dialer{}, g.play("gate"))
		if err != nil {
			return 0, err
		}
		defer p.Close()
		p.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
		res, err := p.describe()
		if err != nil || res.StatusCode != base.StatusOK {
			return res.StatusCode, err
		}
		if err := p.play(); err != nil {
			return 0, err
		}
		return base.StatusOK, p.next()
	}
	if status, err := watch("admin", wrong); err != nil || status != base.StatusUnauthorized {
		t.Errorf("%v %v", status, err)
	}
	if status, err := watch("token", token.Token); err != nil || status != base.StatusOK {
		t.Errorf("%v %v", status, err)
	}
	if nc, err := nats.Connect(g.nats, nats.UserInfo("admin", wrong), nats.Secure(&tls.Config{RootCAs: pool})); err == nil {
		nc.Close()
		t.Error("NATS lets in with a wrong password")
	}
	nc, err := nats.Connect(g.nats, nats.Token(token.Token), nats.Secure(&tls.Config{RootCAs: pool}))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()

	wanted := []string{
		"denied admin 127.0.0.1 sign in /session", "login admin 127.0.0.1 sign in /session", "changed admin 127.0.0.1 PUT /channels/{id} gate",
		"changed admin 127.0.0.1 POST /users/{name}/tokens /users/admin/tokens", "denied admin 127.0.0.1 RTSP gate",
		"viewed admin 127.0.0.1 watching main gate", "viewed admin 127.0.0.1 watched main gate", "denied admin 127.0.0.1 NATS nats",
	}
	var records string
	eventually(t, 10*time.Second, func() error {
		var page struct {
			Items []struct {
				Type string
				Data struct{ User, Address, Action, Target string }
			}
		}
		if err := json.NewDecoder(ask("GET", "/audit", "", cookie).Body).Decode(&page); err != nil {
			return err
		}
		records = ""
		for _, r := range page.Items {
			records += strings.Join([]string{strings.TrimPrefix(r.Type, "sharpeyes.audit."), r.Data.User, r.Data.Address, r.Data.Action, r.Data.Target}, " ") + "\n"
		}
		for _, w := range wanted {
			if !strings.Contains(records, w+"\n") {
				return fmt.Errorf("%q isn't on record:\n%s", w, records)
			}
		}
		return nil
	})
	if n := strings.Count(records, "\n"); n != len(wanted) {
		t.Errorf("%d records, want %d:\n%s", n, len(wanted), records)
	}
	if b, _ := io.ReadAll(ask("GET", "/audit?type=viewed&format=csv", "", cookie).Body); strings.Count(string(b), "\n") != 3 {
		t.Errorf("as CSV:\n%s", b)
	}
	env := func() []string { // the address is another after a restart
		return []string{"SHARPEYES_SERVER=https://" + g.http, "SHARPEYES_TOKEN=" + token.Token, "SSL_CERT_FILE=" + cert}
	}
	verify := func() string {
		t.Helper()
		out, errs, status := command(t, env(), "audit", "verify")
		if status != 0 || !strings.Contains(out, "nothing is missing") {
			t.Errorf("audit verify: exit status %d\n%s%s", status, out, errs)
		}
		return out
	}
	said["verify"] = verify()
	if out, _, status := command(t, env(), "audit", "--type", "login"); status != 0 || !strings.Contains(out, "sign in") || strings.Count(out, "\n") != 2 {
		t.Errorf("audit --type login:\n%s", out)
	}
	js, err := nc.JetStream()
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteMsg("SHARPEYES_AUDIT", 1); err == nil {
		t.Error("a record could be deleted")
	}
	if err := js.PurgeStream("SHARPEYES_AUDIT"); err == nil {
		t.Error("all records could be deleted")
	}
	if res := ask("DELETE", "/session", "", cookie); res.StatusCode != http.StatusNoContent {
		t.Errorf("signing out: %s", res.Status)
	}
	if res := ask("GET", "/channels", "", cookie); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("after signing out: %s", res.Status)
	}
	nc.Close()
	client.CloseIdleConnections()

	// In good order it signs what it wrote.
	g.terminate(t)
	said["its first log"], _ = g.stderr.read()
	g.start(t)
	if out := verify(); !strings.Contains(out, "signed with: ") {
		t.Errorf("nothing is signed:\n%s", out)
	}
	g.terminate(t)
	said["its log"], _ = g.stderr.read()
	said["its output"], _ = g.stdout.read()
	walk(t, g.dir, func(name string, b []byte) { said["file "+name] = string(b) })
	_, secret, _ := strings.Cut(session.Value, ".")
	for where, text := range said {
		for _, mark := range []string{password, wrong, token.Token[len(token.Token)-30:], secret} {
			if strings.Contains(text, mark) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(mark))) {
				t.Errorf("%s... is in %s", mark[:12], where)
			}
		}
	}
}

// selfSigned makes a certificate for this machine.
func selfSigned(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(parsed)
	return cert, key, pool
}
