package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/cespare/xxhash/v2"

	"sharpeyes/registry"
)

// etag names what is registered of a channel, without its state and without its password: a tag
// that the password goes into would let whoever sees two of them try passwords at leisure.
func etag(c registry.Channel) string {
	b, err := json.Marshal(c)
	if err != nil {
		return "" // a channel has nothing that can't be marshalled; no tag matches this one
	}
	return fmt.Sprintf(`"%016x"`, xxhash.Sum64(b))
}

// precondition reports whether the request's If-Match and If-None-Match hold for the channel as it
// is now; there says whether it is.
func precondition(r *http.Request, id string, now registry.Channel, there bool) error {
	tag, what := "", "nothing"
	if there {
		tag = etag(now)
		what = tag
	}
	if list := strings.Join(r.Header.Values("If-Match"), ","); list != "" && !names(list, tag) {
		return preconditionError{&registry.ConflictError{What: "channel " + id, Expected: list, Actual: what}}
	}
	if list := strings.Join(r.Header.Values("If-None-Match"), ","); list != "" && names(list, tag) {
		return preconditionError{fmt.Errorf("channel %s is there already, as %s", id, what)}
	}
	return nil
}

// names reports whether a list of tags has the tag; * is any. Weak tags are never the same.
func names(list, tag string) bool {
	if tag == "" {
		return false
	}
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimSpace(one); one == "*" || one == tag {
			return true
		}
	}
	return false
}
