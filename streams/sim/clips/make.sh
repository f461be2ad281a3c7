#!/bin/sh
# Makes the clips that the simulated cameras play. Needs ffmpeg with libx264 and libx265.
#
# Each clip is one loop of 16 s, 25 frames a second, a keyframe every 2 s, one slice a picture, no
# B-frames, parameter sets before each keyframe: what a surveillance encoder sends. In "moving" a
# person-sized block crosses the picture from 5 s to 11 s, and the scene stands still before and
# after; in "still" nothing ever moves. Both carry a little sensor noise. "frozen" is one group of
# pictures of a camera whose image hangs: no noise either, so that the pictures between hold next to nothing.
set -eu
cd "$(dirname "$0")"

scene='gradients=size=640x360:rate=25:duration=16:speed=0.00001:seed=7:nb_colors=4:c0=0x405060:c1=0x708070:c2=0x303840:c3=0x909888'
detail='drawgrid=w=80:h=60:t=2:c=0x20282f,drawbox=x=60:y=120:w=120:h=180:c=0x5a4a3a:t=fill,drawbox=x=420:y=60:w=160:h=240:c=0x3f4f5f:t=fill'
noise='noise=alls=4:allf=t'
block='mandelbrot=size=64x128:rate=25:start_scale=0.4:end_scale=0.3:end_pts=400,trim=duration=16,drawbox=x=8:y=6:w=32:h=28:c=0x40302a:t=fill'

still="$scene,$detail,$noise,format=yuv420p"
frozen="$scene,$detail,format=yuv420p,select='eq(n,0)',loop=loop=49:size=1,setpts=N/25/TB"
moving="$scene,$detail[bg];$block[fg];[bg][fg]overlay=x='-60+(t-5)*120':y='170+8*sin(t*9)':enable='between(t,5,11)',$noise,format=yuv420p"

h264() { # name filter width
	ffmpeg -nostdin -v error -y -filter_complex "$2,scale=$3:-2" -c:v libx264 -profile:v main -preset medium -tune zerolatency \
		-x264-params "slices=1:sliced-threads=0:threads=1:bframes=0:aud=0:repeat-headers=1:keyint=50:min-keyint=50:scenecut=0" \
		-crf "$4" -pix_fmt yuv420p -f h264 "$1.h264"
}
h265() {
	ffmpeg -nostdin -v error -y -filter_complex "$2,scale=$3:-2" -c:v libx265 -preset medium -tune zerolatency \
		-x265-params "log-level=error:slices=1:bframes=0:aud=0:repeat-headers=1:keyint=50:min-keyint=50:scenecut=0:pools=none:frame-threads=1:open-gop=0" \
		-crf "$4" -pix_fmt yuv420p -f hevc "$1.h265"
}
h264 moving "$moving" 640 24
h264 still "$still" 640 24
h264 moving-sub "$moving" 320 28
h264 still-sub "$still" 320 28
h265 moving "$moving" 640 27
h265 still "$still" 640 27
h264 frozen "$frozen" 640 24
h264 frozen-sub "$frozen" 320 28
h265 frozen "$frozen" 640 27
