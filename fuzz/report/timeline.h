// A story laid out in columns of text: one an M, time downwards.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "fuzz/report/story.h"

namespace throwsplit::fuzz {

struct TimelineOptions {
  bool all_steps = false;       // also the lines that do not matter, equal ones in a row collapsed
  std::size_t width = 132;      // columns of text to fill
  std::size_t lines_max = 100;  // the newest so many lines; with all_steps, all
};

std::string timeline(const Story& story, const TimelineOptions& options = {});

}  // namespace throwsplit::fuzz
