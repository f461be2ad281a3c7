package alerts

import (
	"time"

	"sharpeyes/registry/alert"
	"sharpeyes/registry/event"
)

// Fresh are the rules that a city begins with. The first three say when something must not move, which
// only the city knows: they are off unless all is asked for.
func Fresh(all bool) []alert.Rule {
	night := []alert.Window{{From: "22:00", To: "06:00"}}
	motion := []string{string(event.MotionStarted)}
	return []alert.Rule{
		{
			Name: "campus-perimeter-night", Title: "Something moves at the campus at night: {channel}", Enabled: all, Types: motion,
			Scenarios: []string{"campus"}, During: night, FoldBy: alert.BySite, Severity: alert.Critical,
		},
		{
			Name: "kitchen-after-hours", Title: "Something moves in the kitchen after hours: {channel}", Enabled: all, Types: motion,
			Scenarios: []string{"kitchen"}, During: []alert.Window{{From: "21:00", To: "05:00"}}, FoldBy: alert.ByChannel, Severity: alert.Warning,
		},
		{
			Name: "hospital-pharmacy-after-hours", Title: "Something moves in the pharmacy after hours: {channel}", Enabled: all, Types: motion,
			Scenarios: []string{"hospital"}, When: `"pharmacy" in tags || name contains "药房"`, During: []alert.Window{{From: "18:00", To: "07:00"}},
			FoldBy: alert.ByChannel, Severity: alert.Critical,
		},
		{
			Name: "class-1-offline", Title: "{channel} has been offline for 5 minutes: {reason}", Enabled: true,
			Types: []string{string(event.HealthChanged)}, Classes: []int{1}, When: `state == "offline"`,
			For: alert.Duration(5 * time.Minute), FoldBy: alert.BySite, Severity: alert.Warning,
		},
		{
			Name: "site-outage", Title: "{channel} is out", Enabled: true, Types: []string{string(event.SiteOutage)},
			FoldBy: alert.BySite, Severity: alert.Critical, Suppresses: []string{"class-1-offline"},
		},
		{
			Name: "gateway-isolated", Title: "The gateway has lost its network", Enabled: true, Types: []string{string(event.GatewayIsolated)},
			FoldBy: alert.ByRule, Severity: alert.Critical,
		},
		{
			Name: "level-lost", Title: "A level below can't be reached", Enabled: true, Types: []string{string(event.LevelLost)},
			FoldBy: alert.ByRule, Severity: alert.Critical,
		},
		{
			Name: "rate-under-target", Title: "The online rate of {channel} is {rate}", Enabled: true, Types: []string{alert.RateBelow},
			FoldBy: alert.ByChannel, Severity: alert.Warning,
		},
	}
}
