#!/bin/bash -eu
# Runs the tests that need no engine and nothing from outside, and leaves the sources untouched.
# SPDX-License-Identifier: Apache-2.0
source_dir=${THROWSPLIT_SOURCE_DIR:-$SRC/throwsplit}
build=$WORK/throwsplit-tests
jobs=${THROWSPLIT_JOBS:-$(nproc)}
# Without the sanitizer's and the engine's flags: this asks whether the project works.
env -u CFLAGS -u CXXFLAGS -u LIB_FUZZING_ENGINE cmake -G Ninja -S "$source_dir" -B "$build" \
  -DCMAKE_BUILD_TYPE= -DCMAKE_CXX_FLAGS=-O1 -DTHROWSPLIT_TESTS=OFF -DTHROWSPLIT_FUZZING_ENGINE=
cmake --build "$build" -j "$jobs"
ctest --test-dir "$build" -L corpus -j "$jobs" --no-tests=error --output-on-failure
