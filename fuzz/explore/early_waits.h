// Which waits for the clock may end early, as if everybody else had been slow: drawn once a wait.
// SPDX-License-Identifier: Apache-2.0
//
// A strategy of priorities must not simply count a sleeper as somebody who can act: with a high
// priority one that sleeps in a loop (sysmon) would starve all others.
#pragma once

#include <cstdint>
#include <iterator>

#include "fuzz/input/dice.h"

namespace throwsplit::fuzz {

class EarlyWaits {
 public:
  // Draws how often in this run.
  void begin_run(Dice& dice) {
    constexpr uint32_t kRates[] = {0, 0, 16, 64};
    rate_ = kRates[dice.below(std::size(kRates))];
    known_ = early_ = 0;
  }
  // Of those that wait now (Menu::timed), who may be chosen.
  uint64_t among(uint64_t timed, Dice& dice) {
    for (uint64_t fresh = timed & ~known_; fresh != 0; fresh &= fresh - 1) {
      uint64_t bit = fresh & -fresh;
      early_ = dice.below(256) < rate_ ? early_ | bit : early_ & ~bit;
    }
    known_ = timed;
    return early_ & timed;
  }

 private:
  uint32_t rate_ = 0;  // of 256
  uint64_t known_ = 0;
  uint64_t early_ = 0;
};

}  // namespace throwsplit::fuzz
