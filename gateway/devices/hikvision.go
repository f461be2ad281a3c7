package devices

import (
	"bytes"
	"context"
	"encoding/xml"
	"strconv"
	"strings"

	"sharpeyes/streams/onvif"
)

// hikvision listens to an alert stream: parts of XML, of which most are heartbeats that say that no
// video was lost.
type hikvision struct{ *client }

func (h hikvision) listen(ctx context.Context, say func(word)) error {
	elements := onvif.NewElements("EventNotificationAlert")
	return h.stream(ctx, "/ISAPI/Event/notification/alertStream", func(b []byte) error {
		elements.Write(b, func(one []byte) {
			if w, ok := parseAlert(one); ok {
				say(w)
			}
		})
		return nil
	})
}

// parseAlert reads one alert, and reports false for what is not of motion.
func parseAlert(b []byte) (word, bool) {
	var a struct {
		Channel    string `xml:"channelID"`
		DynChannel string `xml:"dynChannelID"` // of a recorder's network cameras
		Type       string `xml:"eventType"`
		State      string `xml:"eventState"`
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict = false
	if d.Decode(&a) != nil || !strings.EqualFold(strings.TrimSpace(a.Type), "VMD") {
		return word{}, false
	}
	n := onvif.Notice{Topic: "VMD"}
	switch strings.ToLower(strings.TrimSpace(a.State)) {
	case "active":
		n.On = true
	case "inactive":
	default:
		return word{}, false
	}
	for _, s := range []string{a.Channel, a.DynChannel} {
		if i, err := strconv.Atoi(strings.TrimSpace(s)); err == nil && i > 0 {
			return word{i, n}, true
		}
	}
	return word{0, n}, true
}
