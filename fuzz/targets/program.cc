// One input of a fuzz target that runs programs.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/twice.h"
#include "fuzz/targets/finding.h"
#include "fuzz/targets/signals.h"
#include "fuzz/targets/targets.h"

namespace throwsplit::fuzz {

void fuzz_program(const Input& input, std::span<const uint8_t> bytes) {
  take_signals_aside();
  const Outcome outcome = run_counted(input);
  if (outcome.verdict == Verdict::finding) finding_assert_failed(input, bytes);
  // Which inputs are run once more is the input's own doing, so that a crash replays alone.
  if (outcome.trace_hash % kTwiceEvery != 0) return;
  const Twice twice = run_twice(input);
  if (twice.difference) difference_assert_failed(*twice.difference, bytes);
}

}  // namespace throwsplit::fuzz
