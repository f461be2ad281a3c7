package event

// The types of what people and apps did with the city's cameras.
const (
	AuditViewed  Type = "sharpeyes.audit.viewed"
	AuditChanged Type = "sharpeyes.audit.changed"
	AuditDenied  Type = "sharpeyes.audit.denied"
	AuditLogin   Type = "sharpeyes.audit.login"
)

// Audit says who did what, from where. Channel is only there where it is about one.
type Audit struct {
	Channel  *Channel `json:"channel,omitempty"`
	User     string   `json:"user"`    // empty when nobody signed in
	Address  string   `json:"address"` // without the port; empty when it isn't known
	Action   string   `json:"action"`
	Target   string   `json:"target"`          // what it was done to: a channel's id, a path
	Duration float64  `json:"duration"`        // s; 0 of what takes no time, or has just begun
	Count    int      `json:"count,omitempty"` // how often, where several are one
}

// Kind is KindAudit.
func (Audit) Kind() Kind { return KindAudit }

func (a Audit) about() string {
	if a.Channel != nil {
		return a.Channel.about()
	}
	return a.Target
}

func (a Audit) topic() string {
	if a.Channel != nil {
		return a.Channel.topic()
	}
	return "-.-.-.-"
}
