// Package motion tells from the packets of a video stream whether something moves in it. It
// decodes no picture: what a camera's encoder spent on the pictures between two keyframes, against
// what it usually spends there, says enough, at the cost of some nanoseconds a packet.
package motion
