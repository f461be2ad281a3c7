package devices

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"

	"sharpeyes/streams/onvif"
)

// maxLine bounds a line of a device's answer.
const maxLine = 64 << 10

// dahua listens to an event manager: parts of text, of which most are heartbeats.
type dahua struct{ *client }

func (d dahua) listen(ctx context.Context, say func(word)) error {
	var kept []byte
	return d.stream(ctx, "/cgi-bin/eventManager.cgi?action=attach&codes=[VideoMotion]&heartbeat=5", func(b []byte) error {
		kept = append(kept, b...)
		for {
			end := bytes.IndexByte(kept, '\n')
			if end < 0 {
				break
			}
			if w, ok := parseEvent(string(kept[:end])); ok {
				say(w)
			}
			kept = kept[:copy(kept, kept[end+1:])]
		}
		if len(kept) > maxLine {
			return errors.New("the device's answer is one long line")
		}
		return nil
	})
}

// parseEvent reads one line, as Code=VideoMotion;action=Start;index=0, and reports false for what is not
// of motion.
func parseEvent(line string) (word, bool) {
	w := word{notice: onvif.Notice{Topic: "VideoMotion"}}
	var code, action string
	for field := range strings.SplitSeq(strings.TrimSpace(line), ";") {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "Code":
			code = value
		case "action":
			action = value
		case "index":
			if i, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && i >= 0 && i < 1<<16 {
				w.input = i + 1
			}
		}
	}
	w.notice.On = action == "Start"
	return w, code == "VideoMotion" && (action == "Start" || action == "Stop")
}
