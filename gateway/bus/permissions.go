package bus

import (
	"github.com/nats-io/nats-server/v2/server"

	"sharpeyes/registry/event"
)

// viewerPermissions are the subjects of those who may see and ask, but not change: live events,
// past events and the last statuses one by one, and the API. They can't read the registry's log, which
// holds addresses and sealed passwords; the API answers for it.
//
// They can't make consumers: where a consumer delivers isn't held against the permissions of who makes it,
// so that one could have events written into the registry's log, or into the records of users.
func viewerPermissions() *server.Permissions {
	const status = kvStreamPrefix + statusBucket
	return &server.Permissions{
		Publish: &server.SubjectPermission{Allow: []string{
			// All of the API but what changes something.
			event.ChannelsGet, event.ChannelsQuery, event.ChannelsReport, event.Sites, event.Stats, event.StreamsOpen,
			"$SRV.>",
			"$JS.API.INFO",
			// The history of events.
			"$JS.API.STREAM.INFO." + eventStream,
			"$JS.API.STREAM.MSG.GET." + eventStream,
			"$JS.API.DIRECT.GET." + eventStream,
			"$JS.API.DIRECT.GET." + eventStream + ".>",
			// The last statuses: get, list and watch.
			"$JS.API.STREAM.INFO." + status,
			"$JS.API.STREAM.MSG.GET." + status,
			"$JS.API.DIRECT.GET." + status,
			"$JS.API.DIRECT.GET." + status + ".>",
		}},
		Subscribe: &server.SubjectPermission{Allow: []string{
			"sharpeyes.event.>",
			"$KV." + statusBucket + ".>",
			"_INBOX.>",
		}},
	}
}

// listenerPermissions are those of who may hear of a part of the city: live events of the subjects. The
// stream of past events, the statuses and the API can't tell who asks, so they answer for all of the
// city, and are not for listeners; HTTP is.
func listenerPermissions(subjects []string) *server.Permissions {
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Deny: []string{">"}},
		Subscribe: &server.SubjectPermission{Allow: subjects},
	}
}
