#!/bin/sh
# A frame at 3840×2160 by headless EGL: what it is painted with, how long painting takes, and a picture of it.
# usage: bench/frame_4k.sh [BUILD FOLDER] [OUTPUT FOLDER]
# CONVSCOPE_EGL_DEVICE=0 takes the first graphics card where Mesa's software OpenGL is installed, too.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$here/build/release}
out=${2:-.}
"$build/convscope" shot --canvas-only --size 3840x2160 --input 32x32 --view slide --unit window --step 500 -o "$out/frame_4k.png"
"$build/convscope_bench" --benchmark_filter='3840x2160' --benchmark_out="$out/frame_4k.json" --benchmark_out_format=json
