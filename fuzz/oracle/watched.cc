// O10, sysmon's part: who outstays its slice is asked to give way, and a P in a call is taken.
// SPDX-License-Identifier: Apache-2.0
//
// A look is sysmon reading the tick of a P. A run is one goroutine's stay on a P, calls included; a
// call is one stay of a P in Psyscall. The second look at the same run or call, more than a slice
// after the first, must have led to something before sysmon's next round. A look counts only if
// run and call stayed the same around the reading, so that an unlucky moment never counts.
#include <array>

#include "fuzz/oracle/oracle.h"

namespace throwsplit::fuzz {

namespace {

class Watched : public Oracle {
 public:
  const char* name() const override { return "O10"; }
  const char* sentence() const override {
    return "sysmon watches: a long run is asked to give way, a long call loses its P";
  }

  void begin_run() override {
    ps_ = {};
    reading_ = nullptr;
    asking_ = kNoIndex;
  }
  bool wants_step(Site) const override { return true; }
  bool watches_sysmon_only() const override { return true; }

  const char* on_event(const Scene& scene, const inject::Step& step, Event event, uint32_t a,
                       uint64_t b) override {
    auto p = static_cast<uint32_t>(b);
    switch (event) {
      case Event::proc_acquire:
      case Event::proc_retake:
      case Event::proc_gcstop:
      case Event::proc_idle:       begin_stay(a, kNoIndex); return nullptr;
      case Event::go_start:        begin_stay(p, a); return unwatched(scene);
      case Event::go_sched:
      case Event::go_park:
      case Event::go_end:          leave(scene.m(step.carrier)); return nullptr;
      case Event::go_syscall:      call(p); return nullptr;
      case Event::go_syscall_exit: go_on(p, a); return unwatched(scene);
      case Event::safe_point:      return unwatched(scene);
      case Event::preempt_request:
        for (Watch& watch : ps_) {
          if (watch.g == a) watch.asked = true;
        }
        return nullptr;
      default: return nullptr;
    }
  }

  const char* on_move(const Scene&, const inject::Step& step, uint32_t row) override {
    const auto& move = kMoves[row];
    if (move.kind != MoveKind::p || move.from != Psyscall || move.to != Prunning) return nullptr;
    // Back in a P that was left, perhaps by another: who it is shows when the way out is over.
    if (step.object >= kPs) return nullptr;
    Watch& watch = ps_[step.object];
    watch.left_by = watch.g;
    watch.g = kNoIndex;
    call(step.object);
    return nullptr;
  }

  const char* on_step(const Scene& scene, const inject::Step& step) override {
    World& world = scene.w();
    if (reading_ != nullptr) read(step);
    // From the link to the M to whom it runs takes more than one step: see all of them.
    if (asking_ != kNoIndex) find_nobody(world, asking_);
    if (step.site == site_of(Point::sysmon_look)) begin_round(world, step);
    if (step.site == site_of(Field::sched_done, Access::load)) return end_round(scene);
    bool run = step.site == site_of(Field::p_schedtick, Access::load);
    bool call = step.site == site_of(Field::p_syscalltick, Access::load);
    bool asks = step.site == site_of(Field::p_m, Access::load);
    if ((!run && !call && !asks) || step.object >= kPs) return nullptr;
    if (asks) {
      find_nobody(world, step.object);
      asking_ = step.object;
      return nullptr;
    }
    asking_ = kNoIndex;
    Watch& watch = ps_[step.object];
    reading_ = &watch;
    reading_run_ = run;
    begun_stay_ = watch.stay;
    begun_call_ = watch.call;
    return nullptr;
  }

 private:
  static constexpr uint32_t kPs = 16;
  struct Look {
    bool made = false;
    int64_t at_ns = 0;  // of the first look
    uint32_t of = 0;    // which stay or call
    bool due = false;   // a second look, later than a slice, saw the same
  };
  struct Watch {
    uint32_t g = kNoIndex;  // who runs with this P, in calls too
    uint32_t left_by = kNoIndex;
    uint32_t stay = 0;     // counts runs on this P
    uint32_t call = 0;     // counts calls of this P, in and out
    bool asked = false;    // in this stay
    bool unlucky = false;  // in this round there was a moment with nobody to ask
    Look run_look;
    Look call_look;
  };

  void begin_stay(uint32_t p, uint32_t g) {
    if (p >= kPs) return;
    Watch& watch = ps_[p];
    watch.g = g;
    watch.left_by = kNoIndex;
    watch.stay++;
    watch.call++;
    watch.asked = false;
  }
  void leave(M* mp) {
    P* pp = mp == nullptr ? nullptr : mp->p.peek();
    if (pp != nullptr) begin_stay(pp->id, kNoIndex);
  }
  void call(uint32_t p) {
    if (p >= kPs) return;
    ps_[p].call++;
    ps_[p].unlucky = true;
  }
  void go_on(uint32_t p, uint32_t g) {
    if (p >= kPs) return;
    if (ps_[p].left_by == g) {
      ps_[p].g = g;
    } else {
      begin_stay(p, g);
    }
    call(p);
  }
  void find_nobody(World& world, uint32_t p) {
    if (world.allp[p].m.peek() == nullptr) ps_[p].unlucky = true;
  }

  // Sysmon has read a tick by now: its next step.
  void read(const inject::Step& step) {
    Watch& watch = *reading_;
    reading_ = nullptr;
    bool same = reading_run_ ? watch.stay == begun_stay_ : watch.call == begun_call_;
    if (!same) return;
    Look& look = reading_run_ ? watch.run_look : watch.call_look;
    uint32_t of = reading_run_ ? watch.stay : watch.call;
    if (!look.made || look.of != of) {
      look = {true, step.now_ns, of, false};
      return;
    }
    // Conservative: from the end of the first look to before this round's clock was read.
    look.due = round_ns_ - look.at_ns > slice_ns_;
  }

  void begin_round(World& world, const inject::Step& step) {
    asking_ = kNoIndex;
    round_ns_ = step.now_ns;
    slice_ns_ = world.settings.slice_ns;
    for (Watch& watch : ps_) {
      watch.unlucky = false;
      watch.run_look.due = watch.call_look.due = false;
    }
  }

  COLD const char* end_round(const Scene& scene) {
    World& world = scene.w();
    for (uint32_t i = 0; i < world.settings.procs && i < kPs; i++) {
      const Watch& watch = ps_[i];
      const Look& run = watch.run_look;
      if (run.due && run.of == watch.stay && !watch.asked && !watch.unlucky &&
          is_free(scene.g(watch.g))) {
        details = "P" + std::to_string(i) + ", G" + std::to_string(watch.g) + "\n";
        return "a goroutine outstays its slice, sysmon sees it, and nobody asks it to give way";
      }
      const Look& call = watch.call_look;
      if (call.due && call.of == watch.call && world.allp[i].status.peek() == Psyscall) {
        details = "P" + std::to_string(i) + "\n";
        return "a call keeps its P for longer than a slice, and sysmon lets it";
      }
    }
    return nullptr;
  }

  // Of any request; one may have been made on another P, and still stand.
  static bool is_free(G* gp) { return gp != nullptr && gp->preempt.peek() == 0; }

  // Who starts a P wakes sysmon first; a stop of the world is the one time when it may sleep while
  // goroutines run.
  const char* unwatched(const Scene& scene) {
    Sched& sched = scene.w().sched;
    if (sched.sysmonwait.peek() == 0 || sched.gcwaiting.peek() != 0) return nullptr;
    if (sched.freezing.peek() != 0 || sched.done.peek() != 0) return nullptr;
    return "a goroutine runs unwatched: sysmon sleeps deeply, and nobody woke it";
  }

  std::array<Watch, kPs> ps_ = {};
  int64_t round_ns_ = 0;
  int64_t slice_ns_ = 0;
  uint32_t asking_ = kNoIndex;
  Watch* reading_ = nullptr;
  bool reading_run_ = false;
  uint32_t begun_stay_ = 0;
  uint32_t begun_call_ = 0;
};

}  // namespace

std::unique_ptr<Oracle> make_watched_oracle() { return std::make_unique<Watched>(); }

}  // namespace throwsplit::fuzz
