package event

// Kinds are all kinds of events.
func Kinds() []Kind {
	return []Kind{KindHealth, KindMotion, KindSite, KindAlert, KindStream, KindAudit, KindGateway}
}
