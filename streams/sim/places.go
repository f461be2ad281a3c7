package sim

// district, street and community are the levels of a city below itself.
type district struct {
	code    string // GB/T 2260, 6 digits
	token   string // in site paths
	name    string
	land    land
	streets []street
}

type street struct {
	token       string
	name        string
	centre      point
	weight      int    // how much of the city's cameras it has
	communities string // pairs of a token and a name
}

// xiamen is the districts of the reference city and their streets.
func xiamen() []district {
	return []district{
		{"350203", "siming", "思明区", simingLand(), []street{
			{"zhonghua", "中华街道", point{118.0815, 24.4555}, 40, "zhenhai 镇海 xiaxi 霞溪 renan 仁安 yuannan 园南 simingnan 思明南"},
			{"lujiang", "鹭江街道", point{118.0815, 24.4605}, 36, "yingping 营平 xiahe 厦禾 xiaoxue 小学 hexiangxi 禾祥西 shuanglianchi 双莲池"},
			{"kaiyuan", "开元街道", point{118.0900, 24.4610}, 36, "yangtaishan 阳台山 shentian 深田 xiwang 希望 hubin 湖滨 huxi 虎溪 tianhu 天湖"},
			{"xiagang", "厦港街道", point{118.0880, 24.4510}, 24, "shapowei 沙坡尾 xunsiding 巡司顶 fengchaoshan 蜂巢山 nanhua 南华 fuhai 福海"},
			{"binhai", "滨海街道", point{118.1250, 24.4410}, 18, "zengcuoan 曾厝垵 huangcuo 黄厝 shangli 上李 xiada 厦大"},
			{"wucun", "梧村街道", point{118.1050, 24.4620}, 34, "jinxiang 金祥 wenping 文屏 dongping 东坪 wucun 梧村 wenzao 文灶"},
			{"yundang", "筼筜街道", point{118.1010, 24.4885}, 50, "guanren 官任 yuxiu 育秀 xianyue 仙岳 yueyang 岳阳 xiguo 西郭 zhenxing 振兴 jinqiao 金桥 huming 湖明"},
			{"lianqian", "莲前街道", point{118.1500, 24.4700}, 90, "ruijing 瑞景 qianpubei 前埔北 qianpunan 前埔南 lianyun 莲云 hecuo 何厝 hongwen 洪文 qiaofu 侨福 lingdou 岭兜"},
			{"jialian", "嘉莲街道", point{118.1360, 24.4790}, 44, "lianhuawucun 莲花五村 lianxiu 莲秀 longshan 龙山 lianxi 莲西 yingcuili 盈翠里 songbai 松柏"},
			{"gulangyu", "鼓浪屿街道", point{118.0625, 24.4460}, 10, "longtou 龙头 neicuo 内厝 bishan 笔山"},
		}},
		{"350205", "haicang", "海沧区", haicangLand(), []street{
			{"haicang", "海沧街道", point{117.9850, 24.5000}, 40, "haicang 海沧 jinli 锦里 shitang 石塘 houjing 后井 qingjiao 青礁"},
			{"songyu", "嵩屿街道", point{118.0300, 24.5000}, 36, "haihong 海虹 haixiang 海翔 haifa 海发 weilaihaian 未来海岸 zhendai 贞岱"},
			{"xinyang", "新阳街道", point{118.0050, 24.5230}, 34, "xinan 新垵 xiayang 霞阳 xingwang 兴旺 xianglu 祥露"},
			{"dongfu", "东孚街道", point{117.9500, 24.5530}, 18, "lianhua 莲花 dongyao 东瑶 guoban 过坂 shanbian 山边 zhaihou 寨后"},
		}},
		{"350206", "huli", "湖里区", huliLand(), []street{
			{"huli", "湖里街道", point{118.1000, 24.5120}, 56, "yijing 怡景 xinglong 兴隆 jinding 金鼎 kangle 康乐 hetong 和通 xucuohou 徐厝后"},
			{"dianqian", "殿前街道", point{118.1100, 24.5260}, 56, "dianqian 殿前 shenshan 神山 jiafu 嘉福 beizhan 北站 xingyuan 兴园 malong 马垅"},
			{"heshan", "禾山街道", point{118.1400, 24.5200}, 46, "hesheng 禾盛 banshang 坂尚 weili 围里 lingxia 岭下 fanghu 枋湖"},
			{"jiangtou", "江头街道", point{118.1300, 24.5020}, 56, "jiangtou 江头 houpu 后埔 luling 吕岭 jintai 金泰 caitang 蔡塘 yuanshan 园山"},
			{"jinshan", "金山街道", point{118.1650, 24.5120}, 44, "jinshan 金山 jinan 金安 gaolin 高林 wuyuan 五缘 hubian 湖边"},
		}},
		{"350211", "jimei", "集美区", jimeiLand(), []street{
			{"jimei", "集美街道", point{118.0980, 24.5860}, 24, "shigu 石鼓 shengguang 盛光 cendong 岑东 cenxi 岑西 xunjiang 浔江"},
			{"qiaoying", "侨英街道", point{118.1080, 24.6080}, 34, "yecuo 叶厝 dongan 东安 binshui 滨水 duishan 兑山 suncuo 孙厝"},
			{"xinglin", "杏林街道", point{118.0380, 24.5800}, 24, "xinglin 杏林 xiting 西亭 yuanbo 园博 ningbao 宁宝 zengying 曾营"},
			{"xingbin", "杏滨街道", point{118.0250, 24.5920}, 24, "ridong 日东 maluan 马銮 qianchang 前场 xibin 西滨 kangcheng 康城"},
			{"guankou", "灌口镇", point{118.0000, 24.6100}, 30, "guankou 灌口 huangzhuang 黄庄 sanshe 三社 tieshan 铁山 donghui 东辉"},
			{"houxi", "后溪镇", point{118.0400, 24.6500}, 24, "houxi 后溪 yingcun 英村 yannei 岩内 xincun 新村 hengshan 珩山"},
		}},
		{"350212", "tongan", "同安区", tonganLand(), []street{
			{"datong", "大同街道", point{118.1500, 24.7350}, 30, "nanmen 南门 houlu 后炉 biyue 碧岳 sanxiu 三秀 chengxi 城西"},
			{"xiangping", "祥平街道", point{118.1450, 24.7230}, 30, "yangzhai 阳翟 xiangqiao 祥桥 fenggang 凤岗 duqiao 杜桥 xixi 西溪"},
			{"xike", "西柯街道", point{118.1350, 24.7040}, 24, "xike 西柯 pantu 潘涂 guanxun 官浔 putou 浦头 lucuo 吕厝"},
			{"xinmin", "新民街道", point{118.1100, 24.7120}, 24, "wutu 乌涂 wulu 梧侣 xihu 西湖 huan 湖安"},
			{"hongtang", "洪塘镇", point{118.1950, 24.7120}, 12, "hongtang 洪塘 guoshan 郭山 sudian 苏店"},
			{"wuxian", "五显镇", point{118.1800, 24.7450}, 8, "xiafeng 下峰 mingxi 明溪 houtang 后塘"},
			{"tingxi", "汀溪镇", point{118.1400, 24.7850}, 8, "tingxi 汀溪 aitou 隘头 baomei 褒美 wufeng 五峰"},
			{"lianhua", "莲花镇", point{118.0850, 24.7550}, 8, "meipu 美埔 junying 军营 baijiaoci 白交祠 xiaoping 小坪"},
		}},
		{"350213", "xiangan", "翔安区", xianganLand(), []street{
			{"xindian", "新店街道", point{118.2450, 24.6100}, 26, "xindian 新店 hongqian 洪前 hutou 湖头 dongyuan 东园"},
			{"maxiang", "马巷街道", point{118.2500, 24.6650}, 28, "wuxing 五星 youmin 友民 binan 滨安 houbin 后滨 chengchang 城场"},
			{"jinhai", "金海街道", point{118.2680, 24.5920}, 20, "oucuo 欧厝 caicuo 蔡厝 pengcuo 彭厝 houcun 后村"},
			{"fengxiang", "凤翔街道", point{118.2500, 24.6330}, 18, "xiangfu 祥福 fengxiang 凤翔 pubian 浦边"},
			{"xiangshan", "香山街道", point{118.3000, 24.6300}, 14, "dazhai 大宅 shamei 沙美 lutang 吕塘"},
			{"minan", "民安街道", point{118.2450, 24.6480}, 14, "zhukeng 朱坑 puyuan 浦园 minan 民安"},
			{"dadeng", "大嶝街道", point{118.3300, 24.5600}, 10, "shuanghu 双沪 tianqian 田墘 yangtang 阳塘 dengqi 嶝崎 shantou 山头"},
			{"xinxu", "新圩镇", point{118.2560, 24.7250}, 10, "xinxu 新圩 jinbing 金柄 guzhai 古宅 guilin 桂林 yuntou 云头"},
			{"neicuo", "内厝街道", point{118.2900, 24.6600}, 14, "qianan 前垵 zhaogang 赵岗 huangcuo 黄厝 liantang 莲塘"},
		}},
	}
}
