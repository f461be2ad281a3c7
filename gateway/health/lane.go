package health

// lane is a heap of channels by due time.
type lane []*entry

func (l lane) Len() int           { return len(l) }
func (l lane) Less(i, j int) bool { return l[i].due.Before(l[j].due) }
func (l lane) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].place, l[j].place = int32(i), int32(j)
}
func (l *lane) Push(x any) {
	e := x.(*entry)
	e.place = int32(len(*l))
	*l = append(*l, e)
}
func (l *lane) Pop() any {
	old := *l
	n := len(old) - 1
	e := old[n]
	old[n], *l = nil, old[:n]
	e.place = -1
	return e
}
