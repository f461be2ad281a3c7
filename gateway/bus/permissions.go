package bus

import (
	"fmt"

	"github.com/nats-io/nats-server/v2/server"

	"sharpeyes/registry/event"
)

// permissionsOf are those of a login; nil for all.
func permissionsOf(l Login) (*server.Permissions, error) {
	switch l.Role {
	case RoleAdmin:
		return nil, nil
	case RoleViewer:
		return viewerPermissions(), nil
	case RoleListener:
		return listenerPermissions(l.Subjects), nil
	case RoleLevel:
		return levelPermissions(l.Name), nil
	}
	return nil, fmt.Errorf("NATS knows no role %q", l.Role)
}

// Permissions are those of a login as the configuration of a NATS server writes them: publish and
// subscribe, each with allow and deny. Of an admin there are none, which is to say all.
func Permissions(l Login) (map[string]map[string][]string, error) {
	p, err := permissionsOf(l)
	if err != nil || p == nil {
		return nil, err
	}
	all := map[string]map[string][]string{}
	for name, s := range map[string]*server.SubjectPermission{"publish": p.Publish, "subscribe": p.Subscribe} {
		all[name] = map[string][]string{}
		if len(s.Allow) > 0 {
			all[name]["allow"] = s.Allow
		}
		if len(s.Deny) > 0 {
			all[name]["deny"] = s.Deny
		}
	}
	return all, nil
}

// viewerPermissions are the subjects of those who may see and ask, but not change: live events,
// past events and the last statuses one by one, and the API. They can't read the registry's log, which
// holds addresses and sealed passwords; the API answers for it.
//
// They can't make consumers: where a consumer delivers isn't held against the permissions of who makes it,
// so that one could have events written into the registry's log, or into the records of users.
func viewerPermissions() *server.Permissions {
	const status = kvStreamPrefix + statusBucket
	p := &server.Permissions{
		Publish: &server.SubjectPermission{Allow: []string{
			// All of the API but what changes something.
			event.ChannelsGet, event.ChannelsQuery, event.ChannelsReport, event.Sites, event.Stats, event.StreamsOpen,
			"$SRV.>",
			"$JS.API.INFO",
			"$JS.API.STREAM.INFO." + eventStream,
			// The last statuses: get, list and watch.
			"$JS.API.STREAM.INFO." + status,
			"$JS.API.STREAM.MSG.GET." + status,
			"$JS.API.DIRECT.GET." + status,
			"$JS.API.DIRECT.GET." + status + ".>",
		}},
		Subscribe: &server.SubjectPermission{
			Allow: []string{
				"sharpeyes.event.>",
				"$KV." + statusBucket + ".>",
				"_INBOX.>",
			},
			Deny: []string{event.Prefix + string(event.KindAudit) + ".>"}, // who did what is for admins
		},
	}
	// The last event of a subject. Others of the past can't be had without those of the audit: HTTP has them.
	for _, kind := range event.Kinds() {
		if kind != event.KindAudit {
			p.Publish.Allow = append(p.Publish.Allow, "$JS.API.DIRECT.GET."+eventStream+"."+event.Prefix+string(kind)+".>")
		}
	}
	return p
}

// listenerPermissions are those of who may hear of a part of the city: live events of the subjects. The
// stream of past events, the statuses and the API can't tell who asks, so they answer for all of the
// city, and are not for listeners; HTTP is.
func listenerPermissions(subjects []string) *server.Permissions {
	hear := &server.SubjectPermission{Allow: subjects}
	if len(subjects) == 0 { // to the server an empty list is no list: all would be allowed
		hear.Deny = []string{">"}
	}
	return &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{">"}}, Subscribe: hear}
}
