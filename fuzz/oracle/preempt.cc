// O10: a request to give way is honoured at the goroutine's next safe point.
// SPDX-License-Identifier: Apache-2.0
//
// A request counts from the moment it is complete (flag, guard, slot) while its goroutine still
// runs on the M that was asked. It is gone when the goroutine leaves the M for any reason. A safe
// point that is passed while it stands has lost it.
//
// A stop of the world is a request to everybody: once the stopper has asked those who ran, whoever
// starts to run or comes back asks itself. A safe point passed in between was not asked.
#include "fuzz/oracle/oracle.h"

namespace throwsplit::fuzz {

namespace {

class Preempt : public Oracle {
 public:
  const char* name() const override { return "O10"; }
  const char* sentence() const override {
    return "a request to give way is honoured at the next safe point";
  }

  void begin_run() override {
    asked_ = 0;
    all_asked_ = false;
  }
  bool wants_step(Site site) const override { return site == site_of(Point::stoptheworld_scan); }

  const char* on_step(const Scene&, const inject::Step& step) override {
    all_asked_ = true;
    stopper_ = step.carrier;
    return nullptr;
  }

  const char* on_event(const Scene& scene, const inject::Step& step, Event event, uint32_t a,
                       uint64_t b) override {
    if (event == Event::stw_stopped) all_asked_ = false;
    if (a >= kOracleGsMax) return nullptr;
    uint64_t bit = uint64_t{1} << a;
    switch (event) {
      case Event::preempt_request: {
        G* gp = scene.g(a);
        for_each_m(scene.w(), [&](M* mp) {
          if (mp->id == b && mp->curg.peek() == gp && gp->preempt.peek() != 0) asked_ |= bit;
        });
        return nullptr;
      }
      case Event::go_start:
      case Event::go_sched:
      case Event::go_park:
      case Event::go_end:     asked_ &= ~bit; return nullptr;
      case Event::safe_point: {
        bool asked = (asked_ & bit) != 0;
        bool stopping = all_asked_ && step.carrier != stopper_;
        if (!asked && !stopping) return nullptr;
        M* mp = scene.m(step.carrier);
        if (mp == nullptr || mp->locks != 0) return nullptr;
        return asked ? "a request to give way was lost: a safe point passed it"
                     : "nobody asked a goroutine to give way to a stop of the world";
      }
      default: return nullptr;
    }
  }

 private:
  uint64_t asked_ = 0;
  bool all_asked_ = false;
  uint32_t stopper_ = 0;
};

}  // namespace

std::unique_ptr<Oracle> make_preempt_oracle() { return std::make_unique<Preempt>(); }

}  // namespace throwsplit::fuzz
