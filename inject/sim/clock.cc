// Virtual time, and who waits for it.
// SPDX-License-Identifier: Apache-2.0
#include "inject/sim/clock.h"

namespace throwsplit::inject {

void Clock::add(uint32_t carrier, int64_t due_ns) {
  timed_ |= mask_of(carrier);
  due_ns_[carrier] = due_ns;
  find_next();
}

void Clock::remove(uint32_t carrier) {
  timed_ &= ~mask_of(carrier);
  if (carrier == next_) find_next();
}

// A walk over at most 64, only when somebody begins or ends a wait.
void Clock::find_next() {
  next_ = kNobody;
  next_due_ns_ = INT64_MAX;
  for (uint64_t rest = timed_; rest != 0; rest &= rest - 1) {
    uint32_t carrier = mask_first(rest);
    if (due_ns_[carrier] < next_due_ns_) {
      next_ = carrier;
      next_due_ns_ = due_ns_[carrier];
    }
  }
}

}  // namespace throwsplit::inject
