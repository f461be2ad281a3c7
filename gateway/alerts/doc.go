// Package alerts turns events into what people act on: rules say which events matter, when and
// together with what, and an alert is raised once for what they have in common, acknowledged, snoozed
// and closed.
//
// Rules and alerts are records in two stores that all gateways of a city share. One gateway at a time
// evaluates (Service.Lead): it follows the stream of events from where the last one stopped, a little
// earlier than that, so that counts and waits are what they were. Each alert keeps the sequence of the
// last event that it has, and its id follows from its rule, its place and the event that caused it: what
// is read twice changes nothing.
package alerts
