// O9: nothing points into a stack that was left, and nobody uses one.
// SPDX-License-Identifier: Apache-2.0
//
// After a move every word that the runtime or a frame map knows of is looked at: the saved context,
// frames, frame pointers, lent slots. Whoever keeps an address elsewhere shows when he uses it: the
// kernel is given it, or the old range, which is in quarantine, is written to. A few ranges are
// looked at each time; the runtime looks at all of them before it uses one again.
#include <array>

#include "fuzz/oracle/oracle.h"
#include "fuzz/oracle/stack_words.h"
#include "runtime/stack/pool.h"

namespace throwsplit::fuzz {

namespace {

// Of the ranges that were left, how many are known to be in quarantine still. Fewer than the pool
// keeps: a range is left a little later than its goroutine says, and others may come in between.
constexpr uint32_t kWatched = 16;
static_assert(kWatched < StackPool::kQuarantined);

struct Range {
  uintptr_t base = 0;
  uintptr_t hi = 0;
  bool holds(uintptr_t word) const { return word >= base && word < hi; }
};

class Stale : public Oracle {
 public:
  const char* name() const override { return "O9"; }
  const char* sentence() const override {
    return "after a move nothing points into the stack that was left, and nobody uses it";
  }

  void begin_run() override {
    of_ = {};
    left_ = {};
    lefts_ = looks_ = 0;
  }

  const char* on_step(const Scene& scene, const inject::Step& step) override {
    if (lefts_ == 0 || !is_syscall(step.site)) return nullptr;
    M* mp = scene.m(step.carrier);
    G* gp = mp == nullptr ? nullptr : mp->curg.peek();
    if (gp == nullptr || !is_in_stub(gp)) return nullptr;
    for (uint32_t i = 0; i < kStubArguments; i++) {
      if (!is_left(stub_argument(gp->syscallsp, i))) continue;
      return "a system call is given an address in a stack that was left";
    }
    return nullptr;
  }

  const char* on_event(const Scene& scene, const inject::Step&, Event event, uint32_t a,
                       uint64_t) override {
    switch (event) {
      case Event::go_create:       return taken(scene.g(a));
      case Event::go_syscall:      return published(scene.g(a));
      case Event::stack_move:      return moved(scene, scene.g(a));
      case Event::go_end:          ended(scene.g(a)); return written(scene.w());
      case Event::go_syscall_exit:
      case Event::go_sched:
      case Event::go_park:         return written(scene.w());
      default:                     return nullptr;
    }
  }

 private:
  bool is_left(uintptr_t word) const {
    for (const Range& range : left_) {
      if (range.holds(word)) return true;
    }
    return false;
  }

  void leave(const Range& range) { left_[lefts_++ % kWatched] = range; }

  const char* taken(G* gp) {
    if (gp == nullptr || !gp->mapped || gp->index >= kOracleGsMax) return nullptr;
    of_[gp->index] = {gp->stack.base, gp->stack.hi};
    return is_left(gp->stack.base) ? "a stack is used again that was left a moment ago" : nullptr;
  }

  const char* published(G* gp) {
    if (gp == nullptr || (!is_left(gp->syscallsp) && !is_left(gp->syscallbp))) return nullptr;
    return "a system call publishes a context in a stack that was left";
  }

  void ended(G* gp) {
    if (gp == nullptr || !gp->mapped || gp->index >= kOracleGsMax) return;
    leave(of_[gp->index]);
    of_[gp->index] = Range();
  }

  const char* moved(const Scene& scene, G* gp) {
    if (gp == nullptr || gp->index >= kOracleGsMax) return nullptr;
    const Range old = of_[gp->index];
    if (const char* text = taken(gp)) return text;
    leave(old);
    if (const char* text = contexts(gp, old)) return text;
    for (const StackRef* ref = gp->stackrefs; ref != nullptr; ref = ref->next) {
      if (old.holds(ref->slot)) return "a lent slot still lies in the stack that was left";
    }
    const char* text = nullptr;
    const bool whole = for_each_stack_word(scene.w(), gp, [&](uintptr_t word) {
      if (old.holds(word)) text = "a frame still points into the stack that was left";
    });
    if (text == nullptr && !whole)
      text = "the frames of a stack that moved do not reach its bottom";
    return text != nullptr ? text : written(scene.w());
  }

  static const char* contexts(G* gp, const Range& old) {
    if (old.holds(gp->sched.sp)) return "the saved context still names the stack that was left";
    if (old.holds(gp->sched.bp) || old.holds(gp->syscallsp) || old.holds(gp->syscallbp) ||
        old.holds(gp->syscallscansp)) {
      return "the saved context still names the stack that was left";
    }
    return nullptr;
  }

  // The newest, and another one in turn.
  const char* written(World& world) {
    const StackPool& pool = world.stackpool;
    if (lefts_ == 0) return nullptr;
    const uint32_t newest = (pool.oldest + StackPool::kQuarantined - 1) % StackPool::kQuarantined;
    const uint32_t other = looks_++ % StackPool::kQuarantined;
    if (stackpool_old_intact(pool.old[newest]) && stackpool_old_intact(pool.old[other])) {
      return nullptr;
    }
    return "a stack was written to after it was left";
  }

  std::array<Range, kOracleGsMax> of_ = {};  // where each goroutine's stack is, as last heard
  std::array<Range, kWatched> left_ = {};
  uint32_t lefts_ = 0;
  uint32_t looks_ = 0;
};

}  // namespace

std::unique_ptr<Oracle> make_stale_oracle() { return std::make_unique<Stale>(); }

}  // namespace throwsplit::fuzz
