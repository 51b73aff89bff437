#!/bin/sh
# Builds one fuzzer with libFuzzer and runs it:
#
#     run.sh NAME BUILD_FOLDER SECONDS CFLAGS LIBS
#
# What it finds new goes into the build folder, never into the tree's corpus;
# a crash is left there as crash-…, and its input belongs into the corpus with
# the fix.
set -eu

name=$1 build=$2 seconds=$3

mkdir -p "$build/found/$name"

# shellcheck disable=SC2086
clang $4 -fsanitize=fuzzer -o "$build/$name" "tests/fuzz/$name.c" \
    "$build/libpromotions.a" $5

exec "$build/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
    -artifact_prefix="$build/" -print_final_stats=1 \
    "$build/found/$name" "tests/fuzz/corpus/${name#fuzz_}"
