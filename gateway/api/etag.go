package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/cespare/xxhash/v2"

	"sharpeyes/registry"
)

// etag names an answer about a channel: what is registered, without the password, and after a dash
// the state and the window of maintenance. A tag that the password goes into would let whoever sees two of them try passwords at
// leisure. An edit looks at the first part only: that a camera went offline is no reason to refuse it.
func etag(v View) string {
	window := ""
	if v.Maintenance != nil {
		window = v.Maintenance.ID
	}
	state := xxhash.Sum64String(fmt.Sprintf("%q %q %q %d %s", v.Status.State, v.Status.Reason, v.Status.Detail, v.Status.Since.UnixNano(), window))
	return fmt.Sprintf(`"%s-%08x"`, registered(v.Channel), uint32(state))
}

// registered is the first part of a channel's tag.
func registered(c registry.Channel) string {
	b, err := json.Marshal(c)
	if err != nil {
		return "none" // a channel has nothing that can't be marshalled
	}
	return fmt.Sprintf("%016x", xxhash.Sum64(b))
}

// names reports whether a list of tags has one whose first part this is; * is any. Weak tags are
// never the same.
func names(list, first string) bool {
	if first == "" {
		return false
	}
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimSpace(one)
		if one == "*" {
			return true
		}
		if one, ok := strings.CutPrefix(one, `"`); ok {
			one, _, _ = strings.Cut(strings.TrimSuffix(one, `"`), "-")
			if one == first {
				return true
			}
		}
	}
	return false
}

// precondition reports whether the request's If-Match and If-None-Match hold for the channel as it
// is now; there says whether it is.
func precondition(r *http.Request, id string, now registry.Channel, there bool) error {
	first, what := "", "nothing"
	if there {
		first = registered(now)
		what = `"` + first + `"`
	}
	if list := strings.Join(r.Header.Values("If-Match"), ","); list != "" && !names(list, first) {
		return preconditionError{&registry.ConflictError{What: "channel " + id, Expected: list, Actual: what}, id}
	}
	if list := strings.Join(r.Header.Values("If-None-Match"), ","); list != "" && names(list, first) {
		return preconditionError{fmt.Errorf("channel %s is there already, as %s", id, what), ""}
	}
	return nil
}
