// Who goes on, what a die shows, who looks on: the questions a simulated run asks of its harness.
// SPDX-License-Identifier: Apache-2.0
//
// A carrier is a simulated thread (an M), numbered from 0 in order of creation. All of them share
// one real thread; at each step the simulator asks which goes on. A strategy answers; a watcher
// judges. Everything here is called on the host's stack, one call at a time, between two steps of
// the run.
#pragma once

#include <cstdint>

#include "runtime/hook/points.h"

namespace throwsplit {
enum class Event : uint16_t;
}

namespace throwsplit::inject {

inline constexpr uint32_t kCarriersMax = 64;
inline constexpr uint32_t kNobody = kCarriersMax;

constexpr uint64_t mask_of(uint32_t carrier) { return uint64_t{1} << carrier; }
constexpr bool mask_has(uint64_t mask, uint32_t carrier) { return (mask >> carrier & 1) != 0; }
constexpr uint32_t mask_count(uint64_t mask) {
  return static_cast<uint32_t>(__builtin_popcountll(mask));
}
// Needs: mask != 0.
constexpr uint32_t mask_first(uint64_t mask) {
  return static_cast<uint32_t>(__builtin_ctzll(mask));
}
// The n-th carrier of the mask, from 0. Needs: n < mask_count(mask).
uint32_t mask_nth(uint64_t mask, uint32_t n);
// The first carrier of the mask after `carrier`, round and round. Needs: mask != 0.
uint32_t mask_next(uint64_t mask, uint32_t carrier);

// What may happen next, and where the run stands. Valid during the call.
struct Menu {
  uint64_t enabled;  // carriers that can take their next step now
  // Carriers that wait for the clock alone or for the clock as well (a sleep, a futex with a limit,
  // a call that takes time). Choosing one turns the clock to its due time, as if everybody else had
  // been slow; whoever is due by then can act too.
  uint64_t timed;
  uint64_t yielded;     // of enabled: asked to go after all others have taken a step or blocked
  uint32_t current;     // who took the step; kNobody when it can not go on (blocked or gone)
  uint32_t last;        // who took the step, even so
  uint32_t next_timed;  // of timed, who is due first; kNobody when timed == 0
  Site site;            // of the step
  uint32_t object;      // which G, M, P or kernel object, by order of creation
  uint32_t occurrence;  // the how-many-th visit of this site in this run, from 1
  uint64_t step;        // number of the step in this run, from 0
  int64_t now_ns;

  // Those a fair answer picks from: never empty. Needs: enabled | timed != 0.
  uint64_t willing() const {
    if (uint64_t eager = enabled & ~yielded) return eager;
    return enabled != 0 ? enabled : timed;
  }
};

// The plainest answer, over which schedules are recorded as differences: whoever runs keeps
// running; when it blocks or yields, the next willing carrier by number; when all that could act
// have yielded, the clock turns.
uint32_t keep_running(const Menu& menu);

class Waiting;

struct RunInfo {
  uint64_t seed;               // of the die and of anything else a strategy wants to draw
  uint64_t step_max;           // the run will not be longer
  uint64_t step_fair;          // from here on everybody takes turns, and faults cease
  Waiting* waiting = nullptr;  // may be asked all through the run
};

struct RunEnd {
  uint64_t steps;
  uint64_t trace_hash;
  uint32_t carriers;  // how many were ever created
};

// A die whose throws belong to the run. `site` says what for.
class Die {
 public:
  virtual ~Die() = default;
  // One of 0..n-1; 0 is what a calm kernel does. Needs: n != 0.
  virtual uint32_t pick(uint32_t n, Site site) = 0;
};

// A die that is a function of its seed, the site and how often it was thrown there. Why not one
// stream: a schedule that is cut shorter then still meets the faults it met before.
class SeededDie : public Die {
 public:
  void seed(uint64_t seed);
  uint32_t pick(uint32_t n, Site site) override;

 private:
  static constexpr uint32_t kCounters = 256;
  uint64_t seed_ = 0;
  bool used_ = false;
  uint32_t throws_[kCounters] = {};
};

// A strategy. May be used for many runs, one after the other. The die is seeded anew before each
// run.
class Choice : public SeededDie {
 public:
  virtual void begin_run(const RunInfo&) {}
  // Who goes on; asked only where there is a choice. Must be in menu.enabled or menu.timed.
  virtual uint32_t choose(const Menu& menu) = 0;
  virtual void finish_run(const RunEnd&) {}
};

// ---- Looking on ---------------------------------------------------------------------------------

struct Step {
  uint64_t step;
  int64_t now_ns;
  uint32_t carrier;
  Site site;  // where the carrier stands; an access has not happened yet
  uint32_t object;
  uint64_t extra;
};

enum class WaitKind : uint8_t { none, futex, sleep, call, join };
const char* wait_kind_name(WaitKind kind);

// What a carrier waits for.
struct Wait {
  WaitKind kind = WaitKind::none;
  bool live = false;  // created, and not yet gone
  uint32_t carrier = 0;
  uint32_t object = 0;   // futex: number of the word; call: of the pipe; join: the carrier awaited
  long call_number = 0;  // call: Linux's number
  int64_t due_ns = -1;   // when the clock ends the wait; -1: never
  bool held_up = false;  // by a fault: it goes on by itself
  // Of a futex: the word, for whoever knows what lies there. In no hash and no report.
  const void* word = nullptr;
};

// What each carrier waits for, now: for watchers that ask between two steps.
class Waiting {
 public:
  virtual ~Waiting() = default;
  // Of each carrier ever created. Valid until the next step.
  virtual const Wait* waits(uint32_t* count) = 0;
};

// No carrier can act at this time of the clock.
struct Idle {
  uint64_t step;
  int64_t now_ns;
  int64_t due_ns;     // to which the clock is about to turn; -1: nothing is due, the run ends
  uint32_t carrier;   // who is due; kNobody with due_ns == -1
  const Wait* waits;  // of each carrier ever created
  uint32_t wait_count;
};

struct Verdict;  // inject/arm.h

// An oracle's window. Each call returns true to stop the run there and then: End::finding.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void begin_run(const RunInfo&) {}
  virtual bool on_step(const Step&) { return false; }
  // After the fact it tells of. No step: the carrier goes on at once.
  virtual bool on_event(const Step&, Event, uint32_t /*a*/, uint64_t /*b*/) { return false; }
  // A legal move of moves.def was made: step.object changed its status. No step either.
  virtual bool on_move(const Step&, uint32_t /*row*/) { return false; }
  virtual bool on_idle(const Idle&) { return false; }
  // A term of the plan fires at the point where this step is.
  virtual void on_fired(const Step&, const Verdict&) {}
  virtual void finish_run(const RunEnd&) {}
};

}  // namespace throwsplit::inject
