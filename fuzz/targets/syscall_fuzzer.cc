// The fuzz target: bytes become a program and a schedule; the run is judged; a finding dies here.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>

#include "fuzz/input/decode.h"
#include "fuzz/run/run.h"
#include "fuzz/run/twice.h"
#include "fuzz/targets/finding.h"
#include "fuzz/targets/signals.h"
#include "fuzz/targets/targets.h"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  throwsplit::fuzz::learn_arguments(*argc, *argv);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace throwsplit::fuzz;
  take_signals_aside();
  const std::span<const uint8_t> bytes(data, size);
  const Input input = decode(bytes);
  const Outcome outcome = run_counted(input);
  if (outcome.verdict == Verdict::finding) finding_assert_failed(input, bytes);
  // Which inputs are run once more is the input's own doing, so that a crash replays alone.
  if (outcome.trace_hash % kTwiceEvery != 0) return 0;
  const Twice twice = run_twice(input);
  if (twice.difference) difference_assert_failed(*twice.difference, bytes);
  return 0;
}
