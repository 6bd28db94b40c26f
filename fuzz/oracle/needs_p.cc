// O14: what needs a P has one.
// SPDX-License-Identifier: Apache-2.0
//
// Words of a P that only its owner writes, and operations that work with the state of a P, are
// listed here. An M that comes by one without owning the P acts on something that may be in
// another's hands: in the window of a system call the P it left is a hint and no right.
#include "fuzz/oracle/oracle.h"

namespace throwsplit::fuzz {

namespace {

// Writes that take the right to the P they are made on.
constexpr Site kOwnersWords[] = {
    site_of(Field::p_runqtail, Access::store),
    site_of(Field::p_runq, Access::store),
    site_of(Field::p_schedtick, Access::store),
};

// Operations that take some P.
constexpr Event kNeedP[] = {Event::go_create, Event::go_start, Event::go_sched,
                            Event::go_park,   Event::go_end,   Event::go_syscall_exit};

class NeedsP : public Oracle {
 public:
  const char* name() const override { return "O14"; }
  const char* sentence() const override {
    return "what needs a P has one: who writes the words of a P owns it";
  }
  bool wants_step(Site site) const override { return is_owners_field(site); }

  const char* on_step(const Scene& scene, const inject::Step& step) override {
    M* mp = scene.m(step.carrier);
    if (mp == nullptr || step.object >= scene.w().settings.procs) return nullptr;
    P* pp = &scene.w().allp[step.object];
    for (const Site site : kOwnersWords) {
      if (step.site == site && !owns(mp, pp)) {
        return "an M writes what belongs to a P that it does not own";
      }
    }
    return nullptr;
  }

  const char* on_event(const Scene& scene, const inject::Step& step, Event event, uint32_t,
                       uint64_t) override {
    for (const Event each : kNeedP) {
      if (event != each) continue;
      M* mp = scene.m(step.carrier);
      if (mp == nullptr || owns(mp, mp->p.peek())) return nullptr;
      return "an M does without a P what needs one";
    }
    return nullptr;
  }

 private:
  static constexpr bool is_owners_field(Site site) {
    return is_access(site, Field::p_runqtail) || is_access(site, Field::p_runq) ||
           is_access(site, Field::p_schedtick);
  }
  static bool owns(M* mp, P* pp) {
    return pp != nullptr && mp->p.peek() == pp && pp->m.peek() == mp;
  }
};

}  // namespace

std::unique_ptr<Oracle> make_needs_p_oracle() { return std::make_unique<NeedsP>(); }

}  // namespace throwsplit::fuzz
