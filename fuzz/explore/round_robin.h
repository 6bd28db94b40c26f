// The strategy of turns: after each step the next willing carrier by number.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inject/choice.h"

namespace throwsplit::fuzz {

// Fair, hence the one under which a livelock is a livelock.
class RoundRobin : public inject::Choice {
 public:
  uint32_t choose(const inject::Menu& menu) override {
    if (uint64_t eager = menu.enabled & ~menu.yielded) return inject::mask_next(eager, menu.last);
    if (menu.timed != 0) return menu.next_timed;
    return inject::mask_next(menu.enabled, menu.last);
  }
};

}  // namespace throwsplit::fuzz
