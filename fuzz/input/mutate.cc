// Structure-aware mutation and crossover: which part is changed, and how the result fits.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/mutate.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "fuzz/input/decode.h"
#include "fuzz/input/dice.h"
#include "fuzz/input/encode.h"
#include "fuzz/input/mutators.h"

namespace throwsplit::fuzz {
namespace {

void mutate_config(Config& config, Dice& dice, const Vocabulary& vocabulary) {
  if (vocabulary.mapped && dice.one_in(2)) {
    config.flags ^= dice.one_in(2) ? kFlagMoveAtChecks : kFlagPreemptAtChecks;
    return;
  }
  switch (dice.below(4)) {
    case 0:  config.rescues = !config.rescues; break;
    case 1:  config.max_ms = static_cast<std::uint8_t>(1 + dice.below(kMachinesMax)); break;
    default: config.procs = static_cast<std::uint8_t>(1 + dice.below(kProcsMax)); break;
  }
}

void mutate_part(Input& input, Dice& dice, const Vocabulary& vocabulary) {
  const std::uint64_t part = dice.below(20);
  if (part < 9) return mutate_program(input.bodies, dice, vocabulary);
  if (part < 15) return mutate_schedule(input.schedule, dice, vocabulary);
  if (part < 19) return mutate_plan(input.plan, dice, vocabulary);
  mutate_config(input.config, dice, vocabulary);
}

// Drops something, what is least missed first. False if nothing is left to drop.
bool shrink(Input& input) {
  Schedule& schedule = input.schedule;
  if (!schedule.choice_bytes.empty()) {
    schedule.choice_bytes.resize(schedule.choice_bytes.size() / 2);
    return true;
  }
  if (!schedule.rows.empty()) {
    schedule.rows.resize(schedule.rows.size() / 2);
    return true;
  }
  if (!input.plan.terms.empty()) {
    input.plan.terms.pop_back();
    return true;
  }
  Body& last = input.bodies.back();
  if (!last.ops.empty()) {
    last.ops.resize(last.ops.size() / 2);
    return true;
  }
  if (input.bodies.size() > 1) {
    input.bodies.pop_back();
    return true;
  }
  return false;
}

std::size_t copy_out(const std::vector<std::uint8_t>& bytes, std::uint8_t* out) {
  std::ranges::copy(bytes, out);
  return bytes.size();
}

}  // namespace

Input mutate(Input input, std::uint64_t seed, const Vocabulary& vocabulary) {
  Dice dice(seed);
  const Input before = input;
  // Now and then several changes at once, in whatever parts. A change that changes nothing, or that
  // folding undoes, is drawn again, a few times.
  for (int tries = 0; tries < 8; tries++) {
    const std::uint64_t changes = dice.one_in(4) ? 2 + dice.below(4) : 1;
    for (std::uint64_t i = 0; i < changes; i++)
      mutate_part(input, dice, vocabulary);
    input = folded(std::move(input));
    if (vocabulary.mapped) input.config.flags |= kFlagMapped;
    if (!(input == before)) break;
  }
  return input;
}

Input crossover(const Input& a, const Input& b, std::uint64_t seed) {
  Dice dice(seed);
  // Bits say which parts come from b: not none, not all.
  const std::uint64_t from_b = 1 + dice.below(14);
  Input child = a;
  if ((from_b & 1) != 0) child.bodies = b.bodies;
  if ((from_b & 2) != 0) child.schedule = b.schedule;
  if ((from_b & 4) != 0) child.plan = b.plan;
  if ((from_b & 8) != 0) child.config = b.config;
  return child;
}

std::vector<std::uint8_t> encode_within(Input input, std::size_t max_size) {
  if (max_size >= kEncodedBytesMin) {
    for (;;) {
      std::vector<std::uint8_t> bytes = encode(input);
      if (bytes.size() <= max_size || !shrink(input)) return bytes;
    }
  }
  std::vector<std::uint8_t> bytes = encode_raw(input);
  bytes.resize(std::min(bytes.size(), max_size));
  return bytes;
}

std::size_t mutate_bytes(std::uint8_t* data, std::size_t size, std::size_t max_size,
                         std::uint64_t seed, const Vocabulary& vocabulary) {
  if (max_size == 0) return 0;
  const Input mutated = mutate(decode({data, size}), seed, vocabulary);
  return copy_out(encode_within(mutated, max_size), data);
}

std::size_t crossover_bytes(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b,
                            std::uint8_t* out, std::size_t max_size, std::uint64_t seed) {
  if (max_size == 0) return 0;
  return copy_out(encode_within(crossover(decode(a), decode(b), seed), max_size), out);
}

}  // namespace throwsplit::fuzz
