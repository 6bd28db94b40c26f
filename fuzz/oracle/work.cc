// O5: work and an idle P do not stay together.
// SPDX-License-Identifier: Apache-2.0
//
// Work is what has_work says: a goroutine on a queue, or a timer that nobody keeps. With an idle P
// beside it and nobody spinning, somebody must be on the way: whoever made the work and is about to
// wake another, or whoever idled the P and is about to look again. All of these are short. So the
// state may not last until everybody who can act has taken that many steps, and it may not be there
// at all once nobody can act. Sysmon would come by sooner or later; that is a rescue and no excuse,
// so a sysmon that sleeps is no part of everybody.
#include <array>

#include "fuzz/oracle/oracle.h"
#include "fuzz/oracle/resting.h"
#include "runtime/sched/sched.h"

namespace throwsplit::fuzz {

namespace {

// More steps than the longest way from making work to waking somebody (starting a world of 8 Ps, a
// thread for each).
constexpr uint32_t kStepsMax = 300;
// How often the waits are looked at while the state lasts.
constexpr uint64_t kLookEvery = 64;

struct PeekWord {
  template <typename T, Field F>
  T operator()(const Shared<T, F>& word) const {
    return word.peek();
  }
};

class Work : public Oracle {
 public:
  const char* name() const override { return "O5"; }
  const char* sentence() const override {
    return "no runnable goroutine and no unkept timer beside an idle P with nobody on the way";
  }

  void begin_run() override { lasts_ = false; }
  bool wants_step(Site) const override { return true; }

  const char* on_step(const Scene& scene, const inject::Step& step) override {
    if (!is_wasted(scene.w())) {
      lasts_ = false;
      return nullptr;
    }
    if (!lasts_) {
      lasts_ = true;
      since_ = step.step;
      taken_ = {};
    }
    taken_[step.carrier]++;
    if ((step.step - since_) % kLookEvery != kLookEvery - 1) return nullptr;
    return look(scene, step.step - since_);
  }

  const char* on_idle(const Scene& scene, const inject::Idle& idle) override {
    if (!is_wasted(scene.w()) || !all_at_rest(scene, idle)) return nullptr;
    details = who_waits_for_what(scene);
    return "everybody sleeps beside work and an idle P";
  }

 private:
  COLD const char* look(const Scene& scene, uint64_t steps) {
    if (!everybody_acted(scene)) return nullptr;
    details = "for " + std::to_string(steps) + " steps\n" + who_waits_for_what(scene);
    return "work and an idle P stay together, and nobody is on the way to them";
  }

  static bool is_wasted(World& world) {
    Sched& sched = world.sched;
    if (sched.npidle.peek() == 0 || sched.nmspinning.peek() != 0) return false;
    // While the world stops, or is over, idle Ps are to stay so.
    if (sched.gcwaiting.peek() != 0 || sched.done.peek() != 0) return false;
    for (uint32_t i = 0; i < world.settings.procs; i++) {
      if (has_work_by(world, &world.allp[i], PeekWord())) return true;
    }
    return false;
  }

  // Since the state began.
  bool everybody_acted(const Scene& scene) const {
    uint32_t count = 0;
    const inject::Wait* waits = scene.waits(&count);
    for (uint32_t i = 0; i < count; i++) {
      const Rest rest = rest_of(scene.w(), waits[i]);
      if (rest == Rest::held_up || rest == Rest::lock) return false;
      if (rest == Rest::acts && taken_[i] < kStepsMax) return false;
    }
    return true;
  }

  bool lasts_ = false;
  uint64_t since_ = 0;
  std::array<uint32_t, inject::kCarriersMax> taken_ = {};
};

}  // namespace

std::unique_ptr<Oracle> make_work_oracle() { return std::make_unique<Work>(); }

}  // namespace throwsplit::fuzz
