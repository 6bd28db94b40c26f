// O4: stopped means stopped: between stop and start nobody but the stopper takes a mutator's step.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/oracle/oracle.h"

namespace throwsplit::fuzz {

namespace {

class Stopped : public Oracle {
 public:
  const char* name() const override { return "O4"; }
  const char* sentence() const override {
    return "between stop and start nobody but the stopper runs";
  }

  void begin_run() override { stopped_ = false; }

  const char* on_event(const Scene& scene, const inject::Step& step, Event event, uint32_t,
                       uint64_t) override {
    switch (event) {
      case Event::stw_stopped:
        stopped_ = true;
        stopper_ = step.carrier;
        return everybody_stopped(scene.w());
      case Event::stw_end: stopped_ = false; return nullptr;
      case Event::go_start:
      case Event::go_syscall_exit:
      case Event::safe_point:
        if (stopped_ && step.carrier != stopper_) return "a goroutine runs in a stopped world";
        return nullptr;
      default: return nullptr;
    }
  }

  const char* on_step(const Scene&, const inject::Step& step) override {
    if (!stopped_ || step.carrier == stopper_) return nullptr;
    if (!is_access(step.site, Field::user_word)) return nullptr;
    return "a goroutine touches memory in a stopped world";
  }

 private:
  const char* everybody_stopped(World& world) {
    if (world.sched.stopwait.peek() != 0) return "the stop is over, but its counter is not zero";
    for (uint32_t i = 0; i < world.settings.procs; i++) {
      if (world.allp[i].status.peek() != Pgcstop) return "the stop is over, but a P is not stopped";
    }
    return nullptr;
  }

  bool stopped_ = false;
  uint32_t stopper_ = 0;
};

}  // namespace

std::unique_ptr<Oracle> make_stopped_oracle() { return std::make_unique<Stopped>(); }

}  // namespace throwsplit::fuzz
