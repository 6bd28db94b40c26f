// What the fuzz targets share: runs whose coverage an engine sees, words for its mutator.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "fuzz/input/mutate.h"
#include "fuzz/run/run.h"

namespace throwsplit::fuzz {

// What is counted, each in a range of bytes of its own.
enum class Metric : uint8_t {
  moves,       // rows of moves.def
  points,      // rows of points.def
  deeds,       // actions that points performed
  wakes,       // who woke whom
  handoffs,    // from which path to which a P went, or a goroutine to its P
  operations,  // what two Ms were doing when control went from one to the other
  switches,    // at which sites they were
};
std::span<uint8_t> counters_of(Metric metric);

// Runs the input; what it came by goes to libFuzzer's extra counters.
Outcome run_counted(const Input& input);

// What a target does with an input: runs it, judges it, and runs some, as their hashes will have
// it, once more. Dies of a finding; bytes are what the input came from.
void fuzz_program(const Input& input, std::span<const uint8_t> bytes);

// What all runs of this process reached together.
const Coverage& coverage_so_far();

// From here on mutators make programs on mapped stacks. Before the first use of the vocabulary.
void target_programs_are_mapped();

// What this build's mutators draw from.
const Vocabulary& target_vocabulary();

}  // namespace throwsplit::fuzz
