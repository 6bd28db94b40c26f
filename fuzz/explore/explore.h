// Strategies: who goes on at each step of a simulated run, made from the schedule of an input.
// SPDX-License-Identifier: Apache-2.0
//
// A schedule is a value: sparse rows (site, occurrence -> carrier) over a strategy. What any run
// chose can be recorded as rows over `keep`, and played back without the strategy that chose it.
#pragma once

#include <memory>
#include <span>

#include "fuzz/input/input.h"
#include "inject/choice.h"

namespace throwsplit::fuzz {

// The strategies of strategy.def that this build has; the others run as `keep`.
std::span<const Strategy> built_strategies();
bool is_built(Strategy strategy);

// A strategy for this schedule. Needs: the schedule outlives it.
std::unique_ptr<inject::Choice> make_strategy(const Schedule& schedule);

}  // namespace throwsplit::fuzz
