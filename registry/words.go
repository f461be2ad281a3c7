package registry

import "slices"

// words numbers the distinct values of a field. Snapshots that follow one another share a list as
// long as no new word comes; a word that nobody uses any more stays, which costs a few bytes.
type words struct {
	list     []string
	numbers  map[string]uint32
	borrowed bool // another snapshot reads it: copy before writing
}

// number is the word's; a new word gets the next.
func (w *words) number(word string) uint32 {
	if n, ok := w.numbers[word]; ok {
		return n
	}
	numbers := w.numbers
	if w.borrowed || numbers == nil {
		numbers = make(map[string]uint32, len(w.list)+1)
		for i, known := range w.list {
			numbers[known] = uint32(i)
		}
		w.list = slices.Clone(w.list)
		w.borrowed = false
	}
	n := uint32(len(w.list))
	numbers[word] = n
	w.list = append(w.list, word)
	w.numbers = numbers
	return n
}
