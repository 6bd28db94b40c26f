// POS: each pending step has a fresh random priority; the highest is taken.
// SPDX-License-Identifier: Apache-2.0
//
// Yuan, Yang, Gu, "Partial Order Aware Concurrency Sampling", CAV 2018. After a step the priorities
// of those pending steps that raced with it are drawn anew, so that partial orders, not
// interleavings, are sampled nearly evenly. It needs no length and no depth. Its hole: long chains
// in which one thread must wait through many steps of others.
#pragma once

#include <array>
#include <cstdint>

#include "fuzz/explore/early_waits.h"
#include "fuzz/input/dice.h"
#include "inject/choice.h"

namespace throwsplit::fuzz {

class Pos : public inject::Choice {
 public:
  explicit Pos(uint64_t seed) : seed_(seed), dice_(seed) {}

  void begin_run(const inject::RunInfo& info) override;
  uint32_t choose(const inject::Menu& menu) override;

 private:
  // What a carrier is about to do.
  struct Pending {
    Site site = 0;
    uint32_t object = 0;
    uint64_t priority = 0;
  };
  static bool races(const Pending& a, const Pending& b);
  void arrived(const inject::Menu& menu);
  uint32_t highest(uint64_t carriers);

  uint64_t seed_;
  Dice dice_;
  EarlyWaits waits_;
  uint64_t known_ = 0;  // whose pending step has a priority
  std::array<Pending, inject::kCarriersMax> pending_ = {};
};

}  // namespace throwsplit::fuzz
