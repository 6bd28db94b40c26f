// The liveness phase: when faults have ceased and everybody takes turns, everything must drain.
// SPDX-License-Identifier: Apache-2.0
//
// Programs have no loops, so each operation, each step and each goroutine's end brings the run's
// end nearer, and one that is merely long gets on all the time. One that does not get on, and waits
// for no clock on the guest's behalf, never will: nothing but the guest's own steps can change that
// any more.
#pragma once

#include <cstdint>

#include "fuzz/guest/guest.h"
#include "inject/choice.h"

namespace throwsplit::fuzz {

class Liveness {
 public:
  // More steps without any progress than a correct runtime ever takes between two operations, all
  // its Ms taking turns.
  static constexpr uint64_t kStepsMax = 8'000;
  static constexpr const char* kOracle = "LIVE";
  static constexpr const char* kSentence =
      "when faults have ceased and everybody takes turns, everything drains";
  static constexpr const char* kText = "nobody gets on, though everybody gets a turn";

  void begin(uint64_t fair_step) { next_ = fair_step; }
  // Asked at each step. True: stuck.
  bool is_stuck(const inject::Step& step, const Guest& guest, inject::Waiting& waiting) {
    return step.step >= next_ && look(step, guest, waiting);
  }

 private:
  bool look(const inject::Step& step, const Guest& guest, inject::Waiting& waiting);

  uint64_t next_ = 0;      // when to look again
  uint64_t progress_ = 0;  // at the last look
  bool waited_ = true;     // for the clock, then; or there was no look yet
};

}  // namespace throwsplit::fuzz
