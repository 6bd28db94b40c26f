// The random walk: any willing carrier, switching seldom in some runs and always in others.
// SPDX-License-Identifier: Apache-2.0
//
// Why the rate varies: a walk that switches at every step keeps queues nearly empty and never lets
// one thread starve; one that only switches when it must misses short windows. Each run draws its
// own rates.
#pragma once

#include <cstdint>

#include "fuzz/input/dice.h"
#include "inject/choice.h"

namespace throwsplit::fuzz {

class RandomWalk : public inject::Choice {
 public:
  explicit RandomWalk(uint64_t seed) : seed_(seed), dice_(seed) {}

  // The same seed walks the same way in every run.
  void begin_run(const inject::RunInfo& info) override;
  uint32_t choose(const inject::Menu& menu) override;

 private:
  bool falls(uint32_t rate) { return static_cast<uint32_t>(dice_.next() >> 48) < rate; }

  uint64_t seed_;
  Dice dice_;
  // Of 65536: how often a carrier that could go on does not, and how often the clock is turned
  // although somebody could act.
  uint32_t switch_rate_ = 0;
  uint32_t clock_rate_ = 0;
};

}  // namespace throwsplit::fuzz
