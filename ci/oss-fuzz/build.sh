#!/bin/bash -eu
# Builds every fuzz target into $OUT, with its seeds, options and dictionary, as OSS-Fuzz asks.
# SPDX-License-Identifier: Apache-2.0
#
# Compiler, flags and engine come from the environment (CXX, CXXFLAGS, LIB_FUZZING_ENGINE); written
# to are $WORK and $OUT only. A new fuzz/targets/*_fuzzer.cc is built without a word here, but it
# must bring seeds: corpus/<name>/ for <name>_fuzzer.

source_dir=${THROWSPLIT_SOURCE_DIR:-$SRC/throwsplit}
build=$WORK/throwsplit
jobs=${THROWSPLIT_JOBS:-$(nproc)}

# An empty build type: Release would append -O3 -DNDEBUG to the flags that were asked for.
configure=(cmake -G Ninja -S "$source_dir" -DCMAKE_BUILD_TYPE= -DTHROWSPLIT_TESTS=OFF)
"${configure[@]}" -B "$build" -DTHROWSPLIT_FUZZING_ENGINE="${LIB_FUZZING_ENGINE:-}" \
  -DTHROWSPLIT_STATIC_PACKAGES=ON  # a runner has none of them
cmake --build "$build" -j "$jobs" --target fuzzers

# The tool that turns programs into bytes runs here and now, so it is built without the sanitizer:
# under MemorySanitizer it would trip over libraries that are not instrumented.
host=$WORK/throwsplit-host
env -u CFLAGS -u CXXFLAGS -u LIB_FUZZING_ENGINE CXX="${HOST_CXX:-$CXX}" \
  "${configure[@]}" -B "$host" -DTHROWSPLIT_FUZZING_ENGINE= -DCMAKE_CXX_FLAGS=-O1
cmake --build "$host" -j "$jobs" --target throwsplit-sim

for target in "$build"/bin/*_fuzzer; do
  name=$(basename "$target")
  cp "$target" "$OUT/"
  seeds=$WORK/seeds/$name
  rm -rf "$seeds"
  mkdir -p "$seeds"
  corpus=$source_dir/corpus/${name%_fuzzer}
  if compgen -G "$corpus/*.prog" >/dev/null; then
    "$host/bin/throwsplit-sim" compile "$corpus" --out "$seeds"
  fi
  find "$corpus" -maxdepth 1 -type f ! -name '*.prog' ! -name '*.md' -exec cp -t "$seeds" {} +
  rm -f "$OUT/${name}_seed_corpus.zip"
  # -X and sorted names: the same seeds, the same archive.
  (cd "$seeds" && find . -type f -printf '%P\n' | LC_ALL=C sort |
    zip -q -X -@ "$OUT/${name}_seed_corpus.zip")
  for extra in options dict; do
    from=$source_dir/fuzz/targets/$name.$extra
    [ ! -f "$from" ] || cp "$from" "$OUT/"
  done
done
