package alert

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Encode is the alert as the store has it.
func Encode(a *Alert) ([]byte, error) {
	b, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("writing an alert: %w", err)
	}
	return b, nil
}

// percent is a rate as people read it.
func percent(rate float64) string {
	return strconv.FormatFloat(math.Round(rate*1000)/10, 'f', -1, 64) + "%"
}
