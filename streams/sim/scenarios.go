package sim

// scenario is what cameras are used for.
type scenario struct {
	token    string
	industry string // of the GB/T 28181 code, 2 digits
	weight   [3]int // how many in a hundred cameras of class 1, 2 and 3
	spots    []spot
}

// mostSpots is the most that a scenario has.
const mostSpots = 6

// spot is where a camera of a scenario looks.
type spot struct {
	name string
	tags []string
}

// scenarios is the nine scenarios of the reference city.
func scenarios() []scenario {
	gate, indoor, ptz := []string{"gate"}, []string{"indoor"}, []string{"ptz"}
	road, lpr, water, high := []string{"road"}, []string{"road", "lpr"}, []string{"water"}, []string{"ptz", "high"}
	return []scenario{
		{"campus", "11", [3]int{0, 35, 5}, []spot{
			{"校园南门", gate}, {"校园北门", gate}, {"操场", ptz}, {"教学楼走廊", indoor}, {"食堂入口", indoor}, {"校车站", road}}},
		{"traffic", "04", [3]int{30, 12, 0}, []spot{
			{"路口东向", road}, {"路口西向", road}, {"卡口", lpr}, {"公交站", road}, {"高架匝道", lpr}, {"隧道口", high}}},
		{"hospital", "09", [3]int{0, 20, 3}, []spot{
			{"门诊大厅", indoor}, {"急诊入口", gate}, {"药房", indoor}, {"住院部走廊", indoor}, {"停车场出口", gate}}},
		{"kitchen", "50", [3]int{0, 15, 22}, []spot{
			{"后厨操作间", indoor}, {"洗消间", indoor}, {"备餐间", indoor}, {"食材仓库", indoor}}},
		{"community", "01", [3]int{5, 0, 70}, []spot{
			{"小区大门", gate}, {"单元门口", gate}, {"电梯厅", indoor}, {"地下车库", indoor}, {"小区花园", nil}, {"商铺门前", nil}}},
		{"ecology", "40", [3]int{6, 4, 0}, []spot{
			{"溪流断面", water}, {"林区瞭望", high}, {"湿地观测", ptz}, {"入海口", water}}},
		{"disaster", "54", [3]int{4, 4, 0}, []spot{
			{"易涝点", water}, {"山体边坡", high}, {"水库坝顶", high}, {"排洪渠", water}}},
		{"municipal", "08", [3]int{13, 10, 0}, []spot{
			{"广场", ptz}, {"公园入口", gate}, {"垃圾转运点", nil}, {"下穿通道", road}, {"市场入口", gate}}},
		{"policing", "00", [3]int{42, 0, 0}, []spot{
			{"街面", road}, {"巷口", nil}, {"治安岗亭", ptz}, {"高点瞭望", high}, {"桥头", road}}},
	}
}
