#!/bin/sh
# Makes the clips' scenes as other encoders' settings would, to learn where the detector is blind:
#
#   streams/motion/variants.sh FOLDER && MOTION_CLIPS=FOLDER go test -run Truth -v ./streams/motion
#
# Needs ffmpeg with libx264.
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/../sim/clips"
eval "$(grep -E '^(scene|detail|block)=' make.sh)"

encode() { # name noise x264-params, then options of ffmpeg
	name=$1 noise="noise=alls=$2:allf=t" params=$3
	shift 3
	still="$scene,$detail,$noise,format=yuv420p"
	moving="$scene,$detail[bg];$block[fg];[bg][fg]overlay=x='-60+(t-5)*120':y='170+8*sin(t*9)':enable='between(t,5,11)',$noise,format=yuv420p"
	for kind in moving still; do
		eval "filter=\$$kind"
		ffmpeg -nostdin -v error -y -filter_complex "$filter" -c:v libx264 -profile:v main -preset veryfast "$@" -x264-params \
			"sliced-threads=0:threads=1:aud=0:repeat-headers=1:keyint=50:min-keyint=50:scenecut=0:$params" \
			-pix_fmt yuv420p -f h264 "$out/$kind-$name.h264"
	done
}
encode quiet 1 bframes=0 -tune zerolatency -crf 24
encode slices 4 bframes=0:slices=4 -tune zerolatency -crf 24
encode bframes 4 bframes=2 -crf 24
encode coarse 8 bframes=0 -tune zerolatency -qp 28
encode capped 4 bframes=0:vbv-maxrate=400:vbv-bufsize=400 -tune zerolatency -crf 24
encode noisy 8 bframes=0 -tune zerolatency -crf 24
encode average 4 bframes=0 -tune zerolatency -b:v 300k
encode constant 4 bframes=0:nal-hrd=cbr -tune zerolatency -b:v 300k -maxrate 300k -bufsize 300k
