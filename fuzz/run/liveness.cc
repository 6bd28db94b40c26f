// The liveness phase: when faults have ceased and everybody takes turns, everything must drain.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/liveness.h"

namespace throwsplit::fuzz {

namespace {

// A call or a sleep of the guest's that time ends. The root goroutine's own sleep does not count:
// it is made again and again, whatever becomes of the others.
bool waits_for_the_clock(const Guest& guest, inject::Waiting& waiting) {
  uint32_t count = 0;
  const inject::Wait* waits = waiting.waits(&count);
  for (uint32_t i = 0; i < count; i++) {
    const inject::Wait& wait = waits[i];
    if (wait.live && wait.kind == inject::WaitKind::call && wait.due_ns >= 0) return true;
  }
  if (guest.world == nullptr) return false;
  const Timers& timers = guest.world->sched.timers;
  for (uint32_t i = 0; i < timers.count; i++) {
    if (timers.heap[i]->index != 0) return true;
  }
  return false;
}

}  // namespace

bool Liveness::look(const inject::Step& step, const Guest& guest, inject::Waiting& waiting) {
  const uint64_t progress = guest_read(guest.progress);
  const bool waits = waits_for_the_clock(guest, waiting);
  const bool stands = !waited_ && !waits && progress == progress_;
  waited_ = waits;
  progress_ = progress;
  next_ = step.step + kStepsMax;
  return stands;
}

}  // namespace throwsplit::fuzz
