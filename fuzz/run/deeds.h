// Learns which point did what: a term that fires is a wish, and not every wish comes true.
// SPDX-License-Identifier: Apache-2.0
//
// A delay and a failure are the simulator's own doing. A preemption is put down by the runtime, and
// not on a system stack. A stop is made by an M of its own: it may be refused, because somebody
// else is stopping the world, and it may come much later, so the M's steps are followed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "fuzz/run/run.h"
#include "inject/arm.h"
#include "inject/choice.h"

namespace throwsplit::fuzz {

// The row of kPoints that this site is, or -1.
int index_of_point(Site site);

class Deeds {
 public:
  void begin_run();
  void on_fired(const inject::Step& step, const inject::Verdict& verdict, Coverage& coverage);
  void on_step(const inject::Step& step);
  void on_event(const inject::Step& step, Event event, uint32_t a, Coverage& coverage);

 private:
  static constexpr int kNowhere = -1;
  // The point whose wish each carrier heard last.
  std::array<int, inject::kCarriersMax> fired_at_ = {};
  int asked_at_ = kNowhere;   // whose stop was accepted and is not yet being made
  int making_at_ = kNowhere;  // whose stop is being made, or was the last
};

}  // namespace throwsplit::fuzz
