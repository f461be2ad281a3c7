package event

// The NATS micro service that answers questions about channels.
const (
	// ServiceName is what `nats micro info` finds.
	ServiceName = "sharpeyes"
	// ChannelsGet answers {"id"} with one channel and its status.
	ChannelsGet = "sharpeyes.api.channels.get"
	// ChannelsQuery answers the filters of GET /channels with a page of channels.
	ChannelsQuery = "sharpeyes.api.channels.query"
	// ChannelsReport answers the parameters of GET /channels:report with what is missing.
	ChannelsReport = "sharpeyes.api.channels.report"
	// Sites answers the parameters of GET /sites with the tree of sites.
	Sites = "sharpeyes.api.sites"
	// MotionReport takes {"id","state","score","at"} from a detector outside, and answers {}.
	MotionReport = "sharpeyes.api.motion.report"
	// StreamsOpen answers {"id","profile"} with URLs where the stream can be watched, with a ticket.
	StreamsOpen = "sharpeyes.api.streams.open"
	// Stats answers {"by"} and the same filters with counts.
	Stats = "sharpeyes.api.stats"
)
