package event

// Types are all types of events, each with a payload of the kind that it has.
func Types() map[Type]Payload {
	return map[Type]Payload{
		HealthChanged: Health{},
		MotionStarted: Motion{}, MotionEnded: Motion{},
		StreamStarted: Stream{}, StreamStopped: Stream{}, StreamFailed: Stream{},
		SiteOutage: Site{}, SiteRestored: Site{},
		GatewayIsolated: Gateway{}, GatewayReconnected: Gateway{}, LevelLost: Gateway{}, LevelBack: Gateway{},
		AuditViewed: Audit{}, AuditChanged: Audit{}, AuditDenied: Audit{}, AuditLogin: Audit{},
		AlertRaised: Alert{}, AlertAcknowledged: Alert{}, AlertClosed: Alert{},
	}
}
