// O11: counters equal what is counted.
// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "fuzz/oracle/oracle.h"

namespace throwsplit::fuzz {

namespace {

class Counters : public Oracle {
 public:
  const char* name() const override { return "O11"; }
  const char* sentence() const override { return "counters equal what is counted"; }

  void begin_run() override { ticks_ = {}; }

  const char* on_event(const Scene& scene, const inject::Step&, Event event, uint32_t a,
                       uint64_t b) override {
    switch (event) {
      case Event::proc_idle:
      case Event::proc_unidle:     return idle_list(scene.w());
      case Event::go_syscall_exit: return ticked(scene.w(), static_cast<uint32_t>(b));
      case Event::proc_retake:     return ticked(scene.w(), a);
      default:                     return nullptr;
    }
  }

  // Everybody waits. Unless somebody is held up half way, nobody spins and nothing is being
  // stopped.
  const char* on_idle(const Scene& scene, const inject::Idle& idle) override {
    World& world = scene.w();
    for (uint32_t i = 0; i < idle.wait_count; i++) {
      const inject::Wait& wait = idle.waits[i];
      M* mp = scene.m(i);
      // Between two ticks; one that is held up on its way into a lock has counted it.
      bool sysmon = mp != nullptr && mp == world.sysmon && mp->locks == 0;
      if (wait.live && wait.kind == inject::WaitKind::sleep && !sysmon) return nullptr;
    }
    if (world.sched.freezing.peek() != 0) return nullptr;
    if (world.sched.done.peek() != 0) return nullptr;  // Ms leave as they are
    if (world.sched.nmspinning.peek() != 0) {
      tell(world);
      return "everybody sleeps, yet somebody counts as spinning";
    }
    return lists(world);
  }

 private:
  // Both events come under sched.lock, when lists and counters have to agree.
  const char* idle_list(World& world) {
    const uint32_t told = world.sched.npidle.peek();
    const uint32_t idle =
        for_each_listed(world.sched.pidle.head(), &P::link, told + 1, [](const P*) {});
    if (idle != told) return "npidle is not the length of the idle list";
    return lists(world);
  }

  // Each call that is left or robbed counts, so that sysmon can tell one from the next.
  const char* ticked(World& world, uint32_t p) {
    uint32_t tick = world.allp[p].syscalltick.peek();
    if (tick == ticks_[p]) return "a call was left or robbed, and syscalltick does not count it";
    ticks_[p] = tick;
    return nullptr;
  }

  void tell(World& world) {
    details = "nmspinning " + std::to_string(world.sched.nmspinning.peek()) + ", npidle " +
              std::to_string(world.sched.npidle.peek()) + ", stopwait " +
              std::to_string(world.sched.stopwait.peek()) + "\n";
    for_each_m(world, [&](M* mp) {
      P* pp = mp->p.peek();
      details += "M" + std::to_string(mp->id) + (mp->spinning.peek() != 0 ? " spins" : "");
      if (pp != nullptr) details += " with P" + std::to_string(pp->id);
      if (mp->nextp != nullptr) details += " is to start with P" + std::to_string(mp->nextp->id);
      if (mp->park.key.peek() != 0) details += " and was signalled";
      details += "\n";
    });
  }

  const char* lists(World& world) {
    const uint32_t told = world.sched.nmidle;
    const uint32_t idle =
        for_each_listed(world.sched.midle.head(), &M::schedlink, told + 1, [](const M*) {});
    if (idle != told) return "nmidle is not the length of the idle list";
    return nullptr;
  }

  std::array<uint32_t, kProcsMax> ticks_ = {};  // syscalltick of each P when it last counted
};

}  // namespace

std::unique_ptr<Oracle> make_counters_oracle() { return std::make_unique<Counters>(); }

}  // namespace throwsplit::fuzz
