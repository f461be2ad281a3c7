package alert

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// Window is a time of the week. One that ends before it begins goes on past midnight, and belongs to
// the day on which it began.
type Window struct {
	Days []string `json:"days,omitempty" doc:"mon, tue, wed, thu, fri, sat, sun, holiday; every day, if there is none"`
	From string   `json:"from" doc:"like 22:00"`
	To   string   `json:"to" doc:"like 06:00; 24:00 is the end of the day"`
}

const holiday = "holiday"

var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (w *Window) check() error {
	for _, d := range w.Days {
		if d != holiday && !slices.Contains(days, d) {
			return errors.New("the day " + d + " isn't known; write mon, tue, wed, thu, fri, sat, sun or holiday")
		}
	}
	from, okFrom := minute(w.From)
	to, okTo := minute(w.To)
	if !okFrom || !okTo || from == 24*60 {
		return errors.New("write times like 22:00 and 06:00")
	}
	if from == to {
		return errors.New("it begins when it ends; write 00:00 to 24:00 for a whole day")
	}
	return nil
}

// minute is the minute of the day.
func minute(s string) (int, bool) {
	if s == "24:00" {
		return 24 * 60, true
	}
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil
}

// covers reports whether a local time is in the window.
func (w *Window) covers(at time.Time, holidays []string) bool {
	from, _ := minute(w.From)
	to, _ := minute(w.To)
	now := at.Hour()*60 + at.Minute()
	if from < to {
		return now >= from && now < to && w.on(at, holidays)
	}
	return now >= from && w.on(at, holidays) || now < to && w.on(at.AddDate(0, 0, -1), holidays)
}

// on reports whether the window belongs to the day.
func (w *Window) on(day time.Time, holidays []string) bool {
	if len(w.Days) == 0 {
		return true
	}
	name := strings.ToLower(day.Weekday().String()[:3])
	if slices.Contains(holidays, day.Format(time.DateOnly)) {
		name = holiday
	}
	return slices.Contains(w.Days, name)
}
