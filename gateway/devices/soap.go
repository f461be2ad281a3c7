package devices

import (
	"crypto/rand"
	"crypto/sha1" // #nosec G505: the digest of WS-UsernameToken is SHA-1
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer bounds what is read of one answer.
const maxAnswer = 1 << 20

// fault is a device's answer that says no.
type fault struct{ text string }

func (f fault) Error() string { return "the device answers with a fault: " + f.text }

// envelope is a request, signed with the password if there is a user (WS-Security UsernameToken Profile
// 1.0); at is the device's own time.
func (c *client) envelope(action, to string, references []reference, body string, at time.Time) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>`)
	if action != "" {
		b.WriteString(`<a:Action s:mustUnderstand="1">` + escaped(action) + `</a:Action><a:To s:mustUnderstand="1">` + escaped(to) + `</a:To>`)
	}
	for _, r := range references {
		fmt.Fprintf(&b, `<r:%s xmlns:r="%s" a:IsReferenceParameter="true">%s</r:%[1]s>`, r.XMLName.Local, escaped(r.XMLName.Space), escaped(r.Text))
	}
	if c.username != "" && !at.IsZero() {
		nonce := make([]byte, 16)
		_, _ = rand.Read(nonce) // which never fails
		created := at.UTC().Format("2006-01-02T15:04:05Z")
		sum := sha1.Sum([]byte(string(nonce) + created + c.password.Reveal())) // #nosec G401: see above
		const oasis = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
		fmt.Fprintf(&b, `<w:Security s:mustUnderstand="1" xmlns:w="%[1]swssecurity-secext-1.0.xsd" xmlns:u="%[1]swssecurity-utility-1.0.xsd"><w:UsernameToken><w:Username>%[2]s</w:Username>`+
			`<w:Password Type="%[1]susername-token-profile-1.0#PasswordDigest">%[3]s</w:Password><w:Nonce EncodingType="%[1]ssoap-message-security-1.0#Base64Binary">%[4]s</w:Nonce>`+
			`<u:Created>%[5]s</u:Created></w:UsernameToken></w:Security>`,
			oasis, escaped(c.username), base64.StdEncoding.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(nonce), created)
	}
	b.WriteString(`</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`)
	return b.String()
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}

// reference is a parameter that a device wants back with each request to a subscription.
type reference struct {
	XMLName xml.Name
	Text    string `xml:",chardata"`
}

// answer is what is read of all answers.
type answer struct {
	Fault *struct {
		Codes []string `xml:"Code>Subcode>Value"`
		Deep  []string `xml:"Code>Subcode>Subcode>Value"`
		Text  string   `xml:"Reason>Text"`
	} `xml:"Body>Fault"`
	Clock *struct {
		Year   int `xml:"Date>Year"`
		Month  int `xml:"Date>Month"`
		Day    int `xml:"Date>Day"`
		Hour   int `xml:"Time>Hour"`
		Minute int `xml:"Time>Minute"`
		Second int `xml:"Time>Second"`
	} `xml:"Body>GetSystemDateAndTimeResponse>SystemDateAndTime>UTCDateTime"`
	Events       string `xml:"Body>GetCapabilitiesResponse>Capabilities>Events>XAddr"`
	Subscription struct {
		Address    string `xml:"Address"`
		References struct {
			All []reference `xml:",any"`
		} `xml:"ReferenceParameters"`
	} `xml:"Body>CreatePullPointSubscriptionResponse>SubscriptionReference"`
}

// parseAnswer reads an answer; a fault is an error.
func parseAnswer(b []byte) (answer, error) {
	var a answer
	d := xml.NewDecoder(strings.NewReader(string(b)))
	d.Strict = false
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	if err := d.Decode(&a); err != nil {
		return a, fmt.Errorf("the device's answer is not understood: %w", err)
	}
	if f := a.Fault; f != nil {
		for _, code := range append(f.Codes, f.Deep...) {
			if strings.HasSuffix(strings.TrimSpace(code), "NotAuthorized") || strings.HasSuffix(strings.TrimSpace(code), "FailedAuthentication") {
				return a, errRefused
			}
		}
		text := strings.ToValidUTF8(strings.TrimSpace(f.Text), "")
		return a, fault{fmt.Sprintf("%.200s", text)}
	}
	return a, nil
}

// read reads an answer whole. Faults come with any status.
func read(res *http.Response) ([]byte, error) {
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the device's answer: %w", err)
	case len(b) > maxAnswer:
		return nil, fmt.Errorf("the device's answer is more than %d bytes", maxAnswer)
	case res.StatusCode != http.StatusOK && !strings.Contains(string(b), "Fault"):
		return nil, refusal(res)
	}
	return b, nil
}

// pathOf is what is asked for at an address that a device gives. Its host may be one that it has behind
// a NAT, and the password is for no other device.
func pathOf(address, otherwise string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || !strings.HasPrefix(u.RequestURI(), "/") { // "81" after a port is another port
		return otherwise
	}
	return u.RequestURI()
}
