// Package alert is rules and alerts as records: which events a rule is about, and what an alert says.
// Who evaluates, and where they are kept, is the gateway's business.
package alert
