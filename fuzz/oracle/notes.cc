// O6: a note is signalled once an arming, and nobody sleeps on one whose time has come.
// SPDX-License-Identifier: Apache-2.0
//
// The second signal dies in the runtime (notewakeup); here is the signal that never came. It shows
// when nobody can act: then nobody is between writing down why to wake a sleeper and waking it.
#include "fuzz/oracle/oracle.h"
#include "fuzz/oracle/resting.h"

namespace throwsplit::fuzz {

namespace {

class Notes : public Oracle {
 public:
  const char* name() const override { return "O6"; }
  const char* sentence() const override {
    return "a note is signalled once an arming, and nobody sleeps on one that is due";
  }

  const char* on_idle(const Scene& scene, const inject::Idle& idle) override {
    World& world = scene.w();
    if (world.sched.freezing.peek() != 0) return nullptr;
    for (uint32_t i = 0; i < idle.wait_count; i++) {
      if (rest_of(world, idle.waits[i]) == Rest::held_up) return nullptr;
    }
    for (uint32_t i = 0; i < idle.wait_count; i++) {
      const inject::Wait& wait = idle.waits[i];
      const Rest rest = rest_of(world, wait);
      const char* text = nullptr;
      if (rest == Rest::note) text = overslept(world, scene.m(i), wait);
      if (rest == Rest::lock && holder_of(world, wait.word) == nullptr) {
        text = "an M sleeps for a lock that nobody holds";
      }
      if (text == nullptr) continue;
      details = who_waits_for_what(scene);
      return text;
    }
    return nullptr;
  }

 private:
  const char* overslept(World& world, M* mp, const inject::Wait& wait) {
    Sched& sched = world.sched;
    if (*static_cast<const uint32_t*>(wait.word) != 0) return "a sleeper's note is signalled";
    if (wait.word == sched.stopnote.key.word()) {
      return sched.stopwait.peek() != 0 ? nullptr : "a stopper sleeps although all have stopped";
    }
    if (wait.word == sched.sysmonnote.key.word()) return sysmon(world);
    if (wait.word == sched.newm_handoff.wake.key.word()) {
      return sched.newm_handoff.list.head() == nullptr
                 ? nullptr
                 : "the template thread sleeps although a thread is asked for";
    }
    if (wait.word == sched.injected_stop.wake.key.word()) {
      return sched.injected_stop.asked.peek() == 0 ? nullptr
                                                   : "a stop is asked for, and its M sleeps on";
    }
    return mp == nullptr ? nullptr : parked(world, mp);
  }

  const char* sysmon(World& world) {
    Sched& sched = world.sched;
    if (sched.sysmonwait.peek() == 0) return "sysmon sleeps although it was called";
    bool nothing = sched.gcwaiting.peek() != 0 || sched.npidle.peek() == world.settings.procs;
    if (sched.done.peek() != 0) return "sysmon sleeps although the world is over";
    return nothing ? nullptr : "sysmon sleeps although there is something to watch";
  }

  // Whoever wakes this M finds it on a list, keeps it in mind as the timers' keeper, or has the
  // goroutine that it is tied to.
  const char* parked(World& world, M* mp) {
    if (mp->nextp != nullptr) return "an M sleeps although it was given a P";
    if (mp->lockedg != nullptr || world.sched.timers.keeper == mp) return nullptr;
    bool listed = false;
    for_each_listed(world.sched.midle.head(), &M::schedlink, world.sched.nmidle + 1,
                    [&](const M* idle) { listed |= idle == mp; });
    return listed ? nullptr : "an M sleeps where nobody will find it";
  }
};

}  // namespace

std::unique_ptr<Oracle> make_notes_oracle() { return std::make_unique<Notes>(); }

}  // namespace throwsplit::fuzz
