// The template thread: makes threads for those whose own thread is no fit parent.
// SPDX-License-Identifier: Apache-2.0
//
// A new thread inherits from its maker: the signal mask, scheduling class, affinity, capabilities,
// namespaces. A goroutine ties itself to a thread in order to change such things, so a tied M makes
// no threads. It leaves them, P and all, to a thread that never ran a goroutine, started before the
// first tie.
//
// The request holds a P that is on no list (I4), and its agent is the template thread: it may not
// exist on paper only. Go set the flag, was preempted before it made the thread, and a stop of the
// world waited for that P for ever (GB-43); here both happen on the system stack.
#include "runtime/sched/sched.h"
#include "runtime/sync/sync.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

void template_thread(M* mp) {
  World& world = *mp->world;
  Sched& sched = world.sched;
  NewmHandoff& handoff = sched.newm_handoff;
  for (;;) {
    M* asked;
    bool done;
    {
      Locked locked(&sched.lock);
      asked = handoff.list.pop();
      done = sched.done.load<relaxed>() != 0;
      handoff.waiting = asked == nullptr && !done;
    }
    if (asked != nullptr) {
      INJECT(template_thread_window);
      newm_start(asked);
    } else if (done) {
      return;  // newm takes no requests any more
    } else {
      notesleep(&handoff.wake);
      noteclear(&handoff.wake);
    }
  }
}

}  // namespace

void newm_handoff(World& world, M* mp) {
  world.sched.newm_handoff.list.push(mp);
  template_thread_wake(world);
}

void template_thread_wake(World& world) {
  NewmHandoff& handoff = world.sched.newm_handoff;
  if (!handoff.waiting) return;
  handoff.waiting = false;
  notewakeup(&handoff.wake);
}

void start_template_thread(World& world) {
  NewmHandoff& handoff = world.sched.newm_handoff;
  {
    Locked locked(&world.sched.lock);
    if (handoff.have) return;
    handoff.have = true;
  }
  newm(template_thread, nullptr, false, &handoff.m);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
