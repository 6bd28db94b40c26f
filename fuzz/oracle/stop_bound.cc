// O3: with rescues off, a stop of the world ends by itself, whatever system calls do.
// SPDX-License-Identifier: Apache-2.0
//
// A stop may wait for agents that can act: an M that runs, an M that a fault holds up, a sysmon
// that is awake and will look again at its next tick. It may not wait for the kernel to return from
// a goroutine's call, nor for a time-out: both may be a minute away, or never come.
#include "fuzz/oracle/oracle.h"

namespace throwsplit::fuzz {

namespace {

// More steps than any stop of a correct runtime takes when everybody gets a turn.
constexpr uint64_t kStepsMax = 20'000;

class StopBound : public Oracle {
 public:
  const char* name() const override { return "O3"; }
  const char* sentence() const override {
    return "a stop of the world ends within a bounded number of steps of agents that can act";
  }

  void begin_run() override { pending_ = false; }
  bool wants_step(Site) const override { return true; }

  const char* on_event(const Scene&, const inject::Step& step, Event event, uint32_t,
                       uint64_t) override {
    if (event == Event::stw_start) {
      pending_ = true;
      since_step_ = step.step;
      since_ns_ = step.now_ns;
    } else if (event == Event::stw_stopped) {
      pending_ = false;
    }
    return nullptr;
  }

  const char* on_step(const Scene& scene, const inject::Step& step) override {
    if (!pending_ || step.step - since_step_ < kStepsMax || scene.w().settings.rescues) {
      return nullptr;
    }
    // Who dies keeps its P while the others are given time to stand still.
    if (scene.w().sched.freezing.peek() != 0) return nullptr;
    tell(scene, step.step, step.now_ns);
    return "the world does not stop, though everybody acts";
  }

  const char* on_idle(const Scene& scene, const inject::Idle& idle) override {
    if (!pending_ || scene.w().settings.rescues) return nullptr;
    if (scene.w().sched.freezing.peek() != 0) return nullptr;
    for (uint32_t i = 0; i < idle.wait_count; i++) {
      const inject::Wait& wait = idle.waits[i];
      // Held up by a fault, or sysmon between two ticks: it will act by itself.
      if (wait.live && wait.kind == inject::WaitKind::sleep) return nullptr;
    }
    if (idle.due_ns < 0) {
      tell(scene, idle.step, idle.now_ns);
      return "the world never stops: it waits for a system call, and nobody can act";
    }
    if (idle.waits[idle.carrier].kind != inject::WaitKind::call) return nullptr;
    tell(scene, idle.step, idle.now_ns);
    return "the world does not stop: it waits for a system call, and nobody else can act";
  }

 private:
  void tell(const Scene& scene, uint64_t step, int64_t now_ns) {
    World& world = scene.w();
    details = "stop asked for at step " + std::to_string(since_step_) + ", " +
              std::to_string(step - since_step_) + " steps and " +
              std::to_string(now_ns - since_ns_) + " ns ago; stopwait " +
              std::to_string(world.sched.stopwait.peek()) + "\n";
    for (uint32_t i = 0; i < world.settings.procs; i++) {
      details +=
          "P" + std::to_string(i) + " is " + pstatus_name(world.allp[i].status.peek()) + "\n";
    }
    if (world.sched.sysmonwait.peek() != 0) details += "sysmon sleeps until somebody wakes it\n";
  }

  bool pending_ = false;
  uint64_t since_step_ = 0;
  int64_t since_ns_ = 0;
};

}  // namespace

std::unique_ptr<Oracle> make_stop_bound_oracle() { return std::make_unique<StopBound>(); }

}  // namespace throwsplit::fuzz
