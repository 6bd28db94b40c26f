// O1: each P is in exactly one place, and an M that acts with a P owns it.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/oracle/oracle.h"

namespace throwsplit::fuzz {

namespace {

class Ownership : public Oracle {
 public:
  const char* name() const override { return "O1"; }
  const char* sentence() const override { return "each P is in exactly one place"; }

  const char* on_step(const Scene& scene, const inject::Step& step) override {
    if (!is_access(step.site, Field::user_word)) return nullptr;
    return acts_with_own_p(scene, step.carrier);
  }

  const char* on_event(const Scene& scene, const inject::Step& step, Event event, uint32_t a,
                       uint64_t) override {
    switch (event) {
      case Event::go_start:
      case Event::go_syscall_exit: return acts_with_own_p(scene, step.carrier);
      case Event::proc_acquire:
      case Event::proc_idle:
      case Event::proc_unidle:
      case Event::proc_release:
      case Event::proc_handoff:    return one_place(scene.w(), a);
      default:                     return nullptr;
    }
  }

  const char* on_move(const Scene& scene, const inject::Step& step, uint32_t row) override {
    if (kMoves[row].kind != MoveKind::p) return nullptr;
    return one_place(scene.w(), step.object);
  }

 private:
  const char* acts_with_own_p(const Scene& scene, uint32_t carrier) {
    M* mp = scene.m(carrier);
    if (mp == nullptr) return nullptr;
    P* pp = mp->p.peek();
    if (pp == nullptr) return "a goroutine runs on an M without a P";
    if (pp->m.peek() != mp) return "an M runs with a P that belongs to another";
    uint32_t status = pp->status.peek();
    bool stopper = scene.w().sched.gcwaiting.peek() != 0 && status == Pgcstop;
    if (status != Prunning && !stopper) return "an M runs with a P that is not running";
    return nullptr;
  }

  const char* one_place(World& world, uint32_t id) {
    P* pp = &world.allp[id];
    uint32_t holders = 0;
    for_each_m(world, [&](M* mp) {
      if (mp->p.peek() == pp) holders++;
      if (mp->nextp == pp) holders++;
    });
    uint32_t listed = 0;
    for_each_listed(world.sched.pidle.head(), &P::link, world.settings.procs + 1,
                    [&](const P* idle) { listed += idle == pp; });
    uint32_t status = pp->status.peek();
    if (holders > 1) return "two Ms hold one P";
    if (listed > 1) return "a P is on the idle list twice";
    if (listed == 1 && holders != 0) return "an M holds a P that is on the idle list";
    if (listed == 1 && status != Pidle) return "a P on the idle list is not idle";
    if (status == Psyscall && holders != 0) return "an M holds a P that it left in a system call";
    return nullptr;
  }
};

}  // namespace

std::unique_ptr<Oracle> make_ownership_oracle() { return std::make_unique<Ownership>(); }

}  // namespace throwsplit::fuzz
