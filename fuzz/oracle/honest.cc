// O13: the runtime says that everybody is asleep if, and only if, nobody can act.
// SPDX-License-Identifier: Apache-2.0
//
// What it says, it says in its last words, announced by an event. Nobody can act when every
// goroutine waits, no timer runs, no call is under way, and none of the Ms without a P holds
// anything in its hands.
#include "fuzz/oracle/oracle.h"
#include "fuzz/oracle/resting.h"

namespace throwsplit::fuzz {

namespace {

class Honest : public Oracle {
 public:
  const char* name() const override { return "O13"; }
  const char* sentence() const override {
    return "all goroutines are said to be asleep if, and only if, nobody can act";
  }

  const char* on_event(const Scene& scene, const inject::Step&, Event event, uint32_t,
                       uint64_t) override {
    if (event != Event::deadlock) return nullptr;
    const char* who = who_can_act(scene.w());
    if (who == nullptr) return nullptr;
    details = std::string(who) + "\n" + who_waits_for_what(scene);
    return "everybody is said to be asleep, and somebody can act";
  }

  const char* on_idle(const Scene& scene, const inject::Idle& idle) override {
    World& world = scene.w();
    Sched& sched = world.sched;
    if (sched.freezing.peek() != 0 || sched.done.peek() != 0) return nullptr;
    if (sched.goroutines.peek() == 0 || !all_at_rest(scene, idle)) return nullptr;
    for (uint32_t i = 0; i < idle.wait_count; i++) {
      const Rest rest = rest_of(world, idle.waits[i]);
      if (rest == Rest::call || rest == Rest::clock || rest == Rest::join) return nullptr;
    }
    if (who_can_act(world) != nullptr) return nullptr;  // why it does not is another rule's affair
    details = who_waits_for_what(scene);
    return "nobody can act any more, and nobody said so";
  }

 private:
  static const char* who_can_act(World& world) {
    Sched& sched = world.sched;
    if (sched.timers.count != 0) return "a timer runs";
    if (sched.sysmonwait.peek() == 0) return "sysmon is awake";
    if (sched.newm_handoff.list.head() != nullptr) return "the template thread makes a thread";
    if (sched.injected_stop.stopping) return "the world is stopped, and will be started";
    for (G* gp = sched.allgs; gp != nullptr; gp = gp->alllink) {
      const uint32_t status = plainstatus(gp);
      if (status == Grunnable) return "a goroutine is runnable";
      if (status == Grunning) return "a goroutine runs";
      if (status == Gsyscall) return "a goroutine is in a system call";
    }
    return nullptr;
  }
};

}  // namespace

std::unique_ptr<Oracle> make_honest_oracle() { return std::make_unique<Honest>(); }

}  // namespace throwsplit::fuzz
