// Strategies: who goes on at each step of a simulated run, made from the schedule of an input.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/explore/explore.h"

#include <memory>
#include <utility>

#include "fuzz/explore/from_bytes.h"
#include "fuzz/explore/keep.h"
#include "fuzz/explore/pct.h"
#include "fuzz/explore/pos.h"
#include "fuzz/explore/random_walk.h"
#include "fuzz/explore/replay.h"
#include "fuzz/explore/round_robin.h"

namespace throwsplit::fuzz {

namespace {

std::unique_ptr<inject::Choice> make_default(const Schedule& schedule) {
  switch (schedule.strategy) {
    case Strategy::kRandom:     return std::make_unique<RandomWalk>(schedule.seed);
    case Strategy::kRoundRobin: return std::make_unique<RoundRobin>();
    case Strategy::kPct:        return std::make_unique<Pct>(schedule.choice_bytes, schedule.seed);
    case Strategy::kPos:        return std::make_unique<Pos>(schedule.seed);
    case Strategy::kBytes:
      return std::make_unique<FromBytes>(schedule.choice_bytes, std::make_unique<Keep>());
    default: return std::make_unique<Keep>();
  }
}

}  // namespace

std::span<const Strategy> built_strategies() {
  static constexpr Strategy kBuilt[] = {Strategy::kKeep, Strategy::kRandom, Strategy::kRoundRobin,
                                        Strategy::kPct,  Strategy::kPos,    Strategy::kBytes};
  return kBuilt;
}

bool is_built(Strategy strategy) {
  for (const Strategy built : built_strategies()) {
    if (built == strategy) return true;
  }
  return false;
}

std::unique_ptr<inject::Choice> make_strategy(const Schedule& schedule) {
  std::unique_ptr<inject::Choice> strategy = make_default(schedule);
  if (schedule.rows.empty()) return strategy;
  return std::make_unique<Replay>(schedule.rows, std::move(strategy));
}

}  // namespace throwsplit::fuzz
