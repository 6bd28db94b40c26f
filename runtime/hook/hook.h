// The way out of the runtime at a named place: INJECT, INJECT_FAIL, and accesses to shared words.
// SPDX-License-Identifier: Apache-2.0
//
// In plain builds all of this is nothing: objects are equal to a build with the lines blanked.
#pragma once

#include <cstdint>

#include "runtime/arch/arch.h"
#include "runtime/base/atomic.h"
#include "runtime/base/flavour.h"
#include "runtime/hook/points.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// Does what an armed point asked of the goroutine that runs here. Defined in sched.
NOSPLIT void inject_act(uint64_t actions);

#if THROWSPLIT_HOOKS
// A thread that will run an M calls these first and last. Defined where hooks are answered
// (inject/chaos.cc on real threads, inject/sim/os_sim.cc in the simulator).
void hook_minit();
void hook_munit();
// Every action bit that the armed plan may ever ask for.
uint64_t hook_may_ask();

ALWAYS_INLINE uint64_t hook_site(Site site, uint32_t object, uint64_t extra = 0) {
  return hook_call(site, object, extra);
}
#endif

// A word that several Ms touch. In hooked builds each access is a step of its own, before which any
// other M may run. One such access a full expression: compilers order operands differently.
template <typename T, Field F>
class Shared {
 public:
  Shared() = default;
  explicit constexpr Shared(T value) : value_(value) {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  template <Order O>
  ALWAYS_INLINE T load() const {
    step(Access::load);
    return atomic_load<O>(&value_);
  }
  template <Order O>
  ALWAYS_INLINE void store(T value) {
    step(Access::store);
    atomic_store<O>(&value_, value);
  }
  template <Order O>
  ALWAYS_INLINE T exchange(T value) {
    step(Access::rmw);
    return atomic_exchange<O>(&value_, value);
  }
  template <Order O>
  ALWAYS_INLINE T add(T delta) {
    step(Access::rmw);
    return atomic_add<O>(&value_, delta);
  }
  template <Order O>
  ALWAYS_INLINE bool cas(T expected, T desired) {
    step(Access::rmw);
    return atomic_cas<O>(&value_, expected, desired);
  }

  // For code that owns the word alone (start, end, the oracle between steps): no step, no order.
  ALWAYS_INLINE T peek() const { return atomic_load<relaxed>(&value_); }
  ALWAYS_INLINE void init(T value) { atomic_store<relaxed>(&value_, value); }
  ALWAYS_INLINE T* word() { return &value_; }

#if THROWSPLIT_HOOKS
  // Which G, M or P this word belongs to, by order of creation.
  // Relaxed: who meets the structure through a stale pointer may read the number meanwhile.
  void bind(uint32_t object) { atomic_store<relaxed>(&object_, object); }

 private:
  ALWAYS_INLINE void step(Access access) const {
    hook_site(site_of(F, access), atomic_load<relaxed>(&object_));
  }
  T value_{};
  uint32_t object_ = 0;
#else
  void bind(uint32_t) {}

 private:
  ALWAYS_INLINE void step(Access) const {}
  T value_{};
#endif
};

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR

#if THROWSPLIT_HOOKS
#define INJECT(name)                                                                      \
  do {                                                                                    \
    if (uint64_t actions_ =                                                               \
            ::throwsplit::hook_site(::throwsplit::site_of(::throwsplit::Point::name), 0)) \
      ::throwsplit::inject_act(actions_);                                                 \
  } while (0)
#define INJECT_FAIL(name)                                                          \
  ((::throwsplit::hook_site(::throwsplit::site_of(::throwsplit::Point::name), 0) & \
    ::throwsplit::kActFail) != 0)
#else
#define INJECT(name) \
  do {               \
  } while (0)
#define INJECT_FAIL(name) false
#endif
