package event

// The types of what becomes of an alert.
const (
	AlertRaised       Type = "sharpeyes.alert.raised"
	AlertAcknowledged Type = "sharpeyes.alert.acknowledged"
	AlertClosed       Type = "sharpeyes.alert.closed"
)

// Alert is what became of an alert. One that isn't about a channel has a site, or neither.
type Alert struct {
	Channel  *Channel `json:"channel,omitempty"`
	Site     string   `json:"site,omitempty"`
	Alert    string   `json:"alert"` // its id
	Rule     string   `json:"rule"`
	Severity string   `json:"severity"` // info, warning or critical
	Title    string   `json:"title"`
	State    string   `json:"state"` // open, acknowledged or closed
	Count    int      `json:"count"` // events that are folded into it
	By       string   `json:"by"`    // a user, or system
	Comment  string   `json:"comment"`
}

// Kind is KindAlert.
func (Alert) Kind() Kind { return KindAlert }

func (a Alert) about() string {
	switch {
	case a.Channel != nil:
		return a.Channel.about()
	case a.Site != "":
		return a.Site
	}
	return a.Rule
}

// topic has as many tokens as that of a channel's event, with - for what an alert of a site has not.
func (a Alert) topic() string {
	if a.Channel != nil {
		return a.Channel.topic()
	}
	if a.Site == "" {
		return "-.-.-.-"
	}
	return "-.-." + siteTokens(a.Site) + ".-"
}
