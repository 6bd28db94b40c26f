// Structure-aware mutation and crossover: small changes to one part of an input at a time.
// SPDX-License-Identifier: Apache-2.0
//
// Three parts are changed, each alone most of the time: program, schedule, fault plan. That way a
// good schedule meets a changed program and a good program a changed schedule. Crossover swaps
// whole parts for the same reason. Equal arguments give equal results on every machine; the dice
// are ours alone, so there is no engine to be asked for bytes that could answer with none.
//
// An engine that controls program and schedule finds its new edges most cheaply where nothing runs
// beside anything. So a change of the program that leaves main alone is mostly mended by a spawn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fuzz/input/input.h"

namespace throwsplit::fuzz {

// What a mutator may draw from. Where a list is empty it draws any number from 1 to 255.
struct Vocabulary {
  std::span<const std::uint16_t> sites;  // for schedule rows
  std::span<const std::uint8_t> points;  // for fault terms
  std::span<const Strategy> strategies;  // empty: any that strategy.def names
  bool mapped = false;                   // programs on mapped stacks, and ops with needs Mapped
  bool gc = false;                       // also ops with needs Gc
};

// Both leave a valid input. Needs: valid inputs.
Input mutate(Input input, std::uint64_t seed, const Vocabulary& vocabulary = {});
Input crossover(const Input& a, const Input& b, std::uint64_t seed);

// For LLVMFuzzerCustomMutator and LLVMFuzzerCustomCrossOver: decode, change, encode. The result has
// 1 to max_size bytes (0 only if max_size is 0); where the file form does not fit, what is least
// missed is dropped (choice bytes, rows, terms, then ops from the end), and below the size of
// the smallest file the raw form is cut to fit.
std::size_t mutate_bytes(std::uint8_t* data, std::size_t size, std::size_t max_size,
                         std::uint64_t seed, const Vocabulary& vocabulary = {});
std::size_t crossover_bytes(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b,
                            std::uint8_t* out, std::size_t max_size, std::uint64_t seed);

// The bytes of the input, or of as much of it as fits. Needs: max_size > 0.
std::vector<std::uint8_t> encode_within(Input input, std::size_t max_size);

}  // namespace throwsplit::fuzz
