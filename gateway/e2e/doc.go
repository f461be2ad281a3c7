// Package e2e holds the tests that drive the built program from outside, as its users do: with
// ffmpeg, ffprobe, GStreamer and the nats command, over RTSP, HTTP and NATS, on a network of
// simulated cameras. They say nothing of how the gateway is made, only of what it promises.
//
// They are behind the build tag e2e; "make e2e" runs them. TestDemoFigures measures the demo of a
// whole city and runs only when SHARPEYES_FIGURES=1.
package e2e
