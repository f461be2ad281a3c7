//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sharpeyes/streams/sim"
)

// Clients that answer a digest wherever one is asked for sign in with a token, and are cut when it is gone.
func TestDigestOfAToken(t *testing.T) {
	t.Parallel()
	s := startSim(t, 50)
	g, admin := startGuarded(t, settings{"rtsp": "{listen: 127.0.0.1:0, digest: true}"})
	admin("channels", "import", writeCSV(t, []row{s.channelRow("gate", s.find(t, 0, plain(sim.H264, false)))}))
	admin("users", "add", "wall", "--role", "viewer")
	token := admin("users", "token", "wall", "--for", "the recorder")
	as := func(password string) string {
		return strings.Replace(g.play("gate"), "rtsp://", "rtsp://wall:"+password+"@", 1)
	}
	if v := probeVideo(t, "-rtsp_transport", "tcp", as(token)); v.Width == 0 {
		t.Errorf("%+v", v)
	}
	// The sink takes decoded pictures: packets are so many at once that it would leave in the middle of PLAY.
	if o := run(t, 40*time.Second, nil, "gst-launch-1.0", "-q", "rtspsrc", "location="+g.play("gate"), "user-id=wall", "user-pw="+token,
		"protocols=tcp", "latency=100", "!", "rtph264depay", "!", "h264parse", "!", "avdec_h264", "!", "fakesink", "num-buffers=50", "sync=false"); o.err != nil {
		t.Errorf("GStreamer: %v\n%s%s", o.err, o.stdout, o.stderr)
	}
	if o := run(t, 40*time.Second, nil, "ffprobe", "-v", "error", "-rtsp_transport", "tcp", as(token[:len(token)-2]+"xx")); o.err == nil || !strings.Contains(o.stderr, "401") {
		t.Errorf("a wrong token: %v %s", o.err, o.stderr)
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	watching := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", as(token), "-c", "copy", "-f", "null", "-")
	if err := watching.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, func() error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.server()+"/api/v1/streams/gate", nil)
		if err != nil {
			return err
		}
		req.SetBasicAuth("admin", adminPassword)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if b, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(b), `"user":"wall"`) {
			return fmt.Errorf("nobody watches: %s %w", b, err)
		}
		return nil
	})
	admin("users", "revoke", "wall", strings.Fields(after(admin("users", "list"), "wall"))[0])
	_ = watching.Wait()
	if ctx.Err() != nil {
		t.Error("the token is gone, and its reader still watches")
	}
}
