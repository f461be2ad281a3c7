package source

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"
)

const (
	maxMedias  = 16
	maxFormats = 32 // of one media
)

var (
	errNoMedia   = errors.New("the description holds no media that is understood")
	errOnlyBack  = errors.New("the description holds nothing that is sent")
	errEncrypted = errors.New("the description holds encrypted media only")
)

// feedback is how a camera lets itself be asked for a keyframe.
type feedback byte

const (
	noFeedback feedback = iota
	pictureLoss
	fullIntra
)

// media is one track that the camera offers.
type media struct {
	desc     *description.Media
	control  string // as the camera said it
	feedback feedback
}

// offer is what a camera's description says.
type offer struct {
	title   string
	control string // of all medias together; empty when it doesn't say
	groups  []description.SessionFECGroup
	medias  []media
}

// parseSDP reads a description (RFC 8866) media by media, so that one that is broken costs the
// others nothing. Back channels are left out: they are for talking to the camera.
func parseSDP(b []byte) (*offer, error) {
	head, sections := split(b)
	o := &offer{control: attribute(head, "control")}
	for _, line := range head {
		if title, ok := strings.CutPrefix(line, "s="); ok {
			o.title = strings.TrimSpace(title)
		}
	}
	var back, encrypted bool
	for _, s := range sections {
		if len(o.medias) == maxMedias {
			break
		}
		switch m, err := parseMedia(s); {
		case errors.Is(err, errOnlyBack):
			back = true
		case errors.Is(err, errEncrypted):
			encrypted = true
		case err == nil:
			o.medias = append(o.medias, m)
		}
	}
	switch {
	case len(o.medias) > 0:
	case encrypted:
		return nil, errEncrypted
	case back:
		return nil, errOnlyBack
	default:
		return nil, errNoMedia
	}
	o.identify()
	for _, line := range head {
		if ids, ok := strings.CutPrefix(line, "a=group:FEC "); ok && o.has(strings.Fields(ids)) {
			o.groups = append(o.groups, strings.Fields(ids))
		}
	}
	return o, nil
}

// split cuts a description into the lines of its head and of each media.
func split(b []byte) (head []string, medias [][]string) {
	for line := range strings.SplitSeq(strings.ReplaceAll(string(b), "\r", ""), "\n") {
		line = strings.TrimRight(line, " \x00")
		switch {
		case strings.HasPrefix(line, "m="):
			medias = append(medias, []string{line})
		case len(medias) > 0:
			medias[len(medias)-1] = append(medias[len(medias)-1], line)
		default:
			head = append(head, line)
		}
	}
	return head, medias
}

// attribute is the value of the first a= line of the name.
func attribute(lines []string, name string) string {
	for _, line := range lines {
		if v, ok := strings.CutPrefix(line, "a="+name+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// parseMedia reads one media; lines[0] is its m= line.
func parseMedia(lines []string) (media, error) {
	m := media{control: attribute(lines, "control")}
	fields := strings.Fields(strings.TrimPrefix(lines[0], "m="))
	if len(fields) < 4 || len(fields) > 3+maxFormats {
		return m, errNoMedia
	}
	kind, protocol, formats := fields[0], strings.ToUpper(fields[2]), fields[3:]
	switch {
	case slices.Contains(lines, "a=sendonly"): // as ONVIF's Streaming Specification marks back channels
		return m, errOnlyBack
	case strings.Contains(protocol, "SAVP"):
		return m, errEncrypted
	case !strings.Contains(protocol, "RTP"):
		return m, errNoMedia
	}
	m.feedback = parseFeedback(protocol, lines)
	switch kind {
	case "video", "audio", "application", "metadata", "text":
	default:
		kind = "application" // what else there may be, no reader's parser would take
	}
	m.desc = &description.Media{Type: description.MediaType(kind), ID: attribute(lines, "mid")}
	for _, f := range formats {
		if one, ok := parseFormat(kind, f, lines); ok {
			m.desc.Formats = append(m.desc.Formats, one)
		}
	}
	if len(m.desc.Formats) == 0 {
		return m, errNoMedia
	}
	return m, nil
}

// parseFormat lets the library read one format of a media. Parameters that it can't make sense of
// are left out rather than the format.
func parseFormat(kind, name string, lines []string) (format.Format, bool) {
	for _, keys := range [][]string{{"a=rtpmap:", "a=fmtp:"}, {"a=rtpmap:"}} {
		text := fmt.Sprintf("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=%s 0 RTP/AVP %s\r\n", kind, name)
		for _, line := range lines {
			if slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(line, k) }) {
				text += line + "\r\n"
			}
		}
		var s sdp.SessionDescription
		var d description.Session
		if s.Unmarshal([]byte(text)) == nil && d.Unmarshal(&s) == nil && len(d.Medias) == 1 && len(d.Medias[0].Formats) == 1 {
			return d.Medias[0].Formats[0], true
		}
	}
	return nil, false
}

// parseFeedback tells whether a keyframe may be asked for over RTCP (RFC 4585, RFC 5104).
func parseFeedback(protocol string, lines []string) feedback {
	f := noFeedback
	for _, line := range lines {
		v, ok := strings.CutPrefix(line, "a=rtcp-fb:")
		if !ok {
			continue
		}
		v = strings.ToLower(v)
		switch {
		case strings.Contains(v, "nack pli"):
			return pictureLoss
		case strings.Contains(v, "ccm fir"):
			f = fullIntra
		}
	}
	if f == noFeedback && strings.Contains(protocol, "AVPF") {
		f = pictureLoss
	}
	return f
}

// identify drops the ids of medias when they don't tell all of them apart.
func (o *offer) identify() {
	seen := map[string]bool{}
	for _, m := range o.medias {
		id := m.desc.ID
		if id == "" || seen[id] || strings.ContainsFunc(id, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		}) {
			for _, m := range o.medias {
				m.desc.ID = ""
			}
			return
		}
		seen[id] = true
	}
}

func (o *offer) has(ids []string) bool {
	for _, id := range ids {
		if !slices.ContainsFunc(o.medias, func(m media) bool { return m.desc.ID == id }) {
			return false
		}
	}
	return len(ids) > 0
}

// description is the offer as readers are told it: without what concerns only this connection.
func (o *offer) description() *description.Session {
	d := &description.Session{Title: o.title, FECGroups: o.groups}
	for i, m := range o.medias {
		m.desc.Control = fmt.Sprintf("trackID=%d", i)
		d.Medias = append(d.Medias, m.desc)
	}
	return d
}
