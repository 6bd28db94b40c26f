// A recorded run as Chrome trace events, for Perfetto and chrome://tracing.
// SPDX-License-Identifier: Apache-2.0
//
// Three processes, "threads (M)", "processors (P)" and "goroutines (G)", with one track each. Time
// is the simulator's. On an M's track a slice lasts from one line of the story to the next; on a
// P's and a G's, from one move to the next. Arrows (flows) are those of the story.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "fuzz/input/text.h"
#include "fuzz/run/run.h"

namespace throwsplit::fuzz {

// Needs: an outcome recorded with RunOptions::record.
nlohmann::json chrome_trace(const Outcome& outcome, const Program& program);

}  // namespace throwsplit::fuzz
