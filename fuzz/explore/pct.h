// PCT: random priorities, and a few random steps at which whoever runs falls below all others.
// SPDX-License-Identifier: Apache-2.0
//
// Burckhardt, Kothari, Musuvathi, Nagarakatte, "A Randomized Scheduler with Probabilistic
// Guarantees of Finding Bugs", ASPLOS 2010: a bug of depth d in a program of n threads and k steps
// is found with a chance of at least 1/(n k^(d-1)). Steps count where two or more can act, as in
// every tool that followed.
//
// The change points are data of the schedule (its choice bytes, two a point, the high byte first:
// the number of the contested step, from 1), so that a mutator can move them and a campaign that
// has seen how long the program is can draw them well. Without any they are drawn from the seed,
// over a length that is drawn too.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "fuzz/explore/early_waits.h"
#include "fuzz/explore/random_walk.h"
#include "fuzz/input/dice.h"
#include "inject/choice.h"

namespace throwsplit::fuzz {

class Pct : public inject::Choice {
 public:
  // Needs: the bytes outlive it.
  Pct(std::span<const uint8_t> change_points, uint64_t seed);

  void begin_run(const inject::RunInfo& info) override;
  uint32_t choose(const inject::Menu& menu) override;

 private:
  struct ChangePoint {
    uint32_t step;     // of those with a contest, from 1
    int64_t priority;  // of whoever runs there, from then on
  };

  void draw_change_points();
  void demote_yielders(uint64_t yielded);
  uint32_t highest(uint64_t carriers);

  std::span<const uint8_t> bytes_;
  uint64_t seed_;
  Dice dice_;
  RandomWalk tail_;
  EarlyWaits waits_;
  std::vector<ChangePoint> points_;  // by step
  std::size_t next_ = 0;
  uint32_t contests_ = 0;
  uint64_t known_ = 0;  // who has a priority
  uint64_t yielded_ = 0;
  int64_t lowest_ = 0;
  std::array<int64_t, inject::kCarriersMax> priorities_ = {};
};

// Change points for a program that had so many contested steps: the depth is drawn from what pays
// on different programs, 1 (none, said by a point beyond all steps) to 10.
std::vector<uint8_t> draw_change_points(uint64_t contests, Dice& dice);

}  // namespace throwsplit::fuzz
