// What runs reached of what must be reached: legal moves, points, and actions of points.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fuzz/run/run.h"

namespace throwsplit::fuzz {

struct Reached {
  std::size_t moves = 0;
  std::size_t moves_all = 0;
  std::size_t points = 0;
  std::size_t points_all = 0;
  std::size_t deeds = 0;  // of a point and an action: delay everywhere, else as its row allows
  std::size_t deeds_all = 0;
  std::vector<std::string> missed;  // "move p5 (Psyscall -> Pidle)", "point stopm_window",
                                    // "stop at stopm_window"

  std::string summary() const;  // "moves 28 of 28, points 55 of 59, actions performed 113 of 123"
};

Reached reached(const Coverage& coverage);

}  // namespace throwsplit::fuzz
