// Package nodes is the gateways of a city that share a NATS: who is alive, and which of them owns which
// channel. The owner probes a channel, watches it for motion and pulls its streams; the others relay.
//
// Each gateway says once a second in a bucket that it is there. One that said nothing for Dead, or says that
// it leaves, owns nothing any more: the first of the others, by name, writes a new table of owners into the same bucket, and
// everybody goes by what is written there. A gateway that could not write for as long knows that it is
// taken for dead, and owns nothing either, whatever its table says; so does one that was stopped and goes on.
// Clocks need not agree: each gateway measures by its own since when it has heard of another.
//
// What moves between two gateways that are alive is nobody's for Settle, in which the one lets go of it before the
// other begins: a camera has one session at a time.
//
// # The table
//
// Sites are given away whole, from the top, each to the gateway that rendezvous hashing (Thaler and Ravishankar, 1998) puts first,
// weighted by capacity, unless that has its share already. A site that is too large for anybody's share is divided
// into those within it, and at the bottom into parts of its channels. So shares are even to some percent, a
// site's channels are mostly one gateway's, which can tell that the site is out, and little moves when a gateway comes or goes.
package nodes
