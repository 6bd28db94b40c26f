// O12: locks and scan bits are taken in the order of ranks, not held where they may not; waits end.
// SPDX-License-Identifier: Apache-2.0
//
// The runtime refuses a lock of a lower rank when it is asked for; this oracle reads the ranks that
// Ms really hold, so it sees what went round that check. It also keeps the graph of waits: an M
// that waits for a lock waits for its holder, a stopper waits for the Ms whose Ps have not stopped.
// Once nobody can act, such a wait for somebody who sleeps is a deadlock, of two or of all.
#include <array>

#include "fuzz/oracle/oracle.h"
#include "fuzz/oracle/resting.h"

namespace throwsplit::fuzz {

namespace {

// Calls of the runtime itself that may last: whoever holds a lock meanwhile holds up everybody.
enum : Site {
#define CALL(number, name, kind, text) k_##name = kCallSites + number,
#include "inject/sim/calls.def"
#undef CALL
};

// A scan bit is a lock, too: it ranks below what a scanner needs (locks of stacks) and above what
// those may hold who move a goroutine's status, and wait for its scanner.
constexpr uint32_t kScanBit = 1u << static_cast<uint32_t>(LockRank::scan);
constexpr uint32_t kNobody = 0;

class Order : public Oracle {
 public:
  const char* name() const override { return "O12"; }
  const char* sentence() const override {
    return "locks and scan bits are taken in the order of their ranks and held nowhere they may "
           "not "
           "be, and no two wait for each other";
  }

  void begin_run() override {
    held_ = {};
    scanner_ = {};
  }
  bool wants_step(Site) const override { return true; }

  const char* on_step(const Scene& scene, const inject::Step& step) override {
    M* mp = scene.m(step.carrier);
    if (mp == nullptr) return nullptr;
    const uint32_t held = mp->held_ranks;
    if (held == 0) {
      held_[step.carrier] = 0;
      return nullptr;
    }
    if (step.site == site_of(Field::g_status, Access::rmw) && held > 2 * kScanBit - 1) {
      return tell(scene, "a goroutine is moved under a lock that its scanner may need");
    }
    const uint32_t was = held_[step.carrier] & held;
    const uint32_t taken = held & ~was;
    held_[step.carrier] = held;
    if (taken != 0 && was > taken) return tell(scene, "a lock is taken under one of a higher rank");
    bool lasts = is_syscall(step.site) || step.site == k_thread_create ||
                 step.site == k_thread_join || step.site == k_usleep;
    // A crash goes on with whatever it held.
    if (!lasts || scene.w().crashing.peek() != 0) return nullptr;
    return tell(scene, (held & kScanBit) != 0 ? "a scan bit is held across a call that may last"
                                              : "a lock is held across a call that may last");
  }

  // Who set a scan bit clears it, and nobody moves its goroutine in between.
  const char* on_move(const Scene& scene, const inject::Step& step, uint32_t row) override {
    const MoveRow& move = kMoves[row];
    if (move.kind != MoveKind::g || step.object >= kOracleGsMax) return nullptr;
    uint32_t& scanner = scanner_[step.object];
    const uint32_t mover = step.carrier + 1;
    if (scanner != kNobody && scanner != mover) {
      details = who_waits_for_what(scene);
      return "a goroutine is moved while somebody else holds its scan bit";
    }
    if (((move.from | move.to) & Gscan) == 0) {
      return scanner == kNobody ? nullptr : "a scanner moves the goroutine whose scan bit it holds";
    }
    scanner = (move.to & Gscan) != 0 ? mover : kNobody;
    return nullptr;
  }

  const char* on_event(const Scene& scene, const inject::Step& step, Event event, uint32_t,
                       uint64_t) override {
    switch (event) {
      case Event::go_start:
      case Event::go_sched:
      case Event::go_park:
      case Event::go_end:
      case Event::go_syscall:
      case Event::m_park:     break;
      default:                return nullptr;
    }
    M* mp = scene.m(step.carrier);
    if (mp == nullptr || mp->held_ranks == 0) return nullptr;
    details = who_waits_for_what(scene);
    return "a lock is held where a goroutine changes hands or an M goes to sleep";
  }

  const char* on_idle(const Scene& scene, const inject::Idle& idle) override {
    World& world = scene.w();
    if (world.sched.freezing.peek() != 0) return nullptr;
    for (uint32_t i = 0; i < idle.wait_count; i++) {
      if (rest_of(world, idle.waits[i]) == Rest::held_up) return nullptr;
    }
    for (uint32_t i = 0; i < idle.wait_count; i++) {
      const inject::Wait& wait = idle.waits[i];
      const char* text = nullptr;
      if (rest_of(world, wait) == Rest::lock) text = locked_out(scene, idle, wait);
      if (wait.word != nullptr && wait.word == world.sched.stopnote.key.word()) {
        text = stop_in_vain(scene, idle);
      }
      if (text == nullptr) continue;
      details = who_waits_for_what(scene);
      return text;
    }
    return nullptr;
  }

 private:
  // Cold, as whatever needs room on the stack: under AddressSanitizer each call pays for that room.
  COLD const char* tell(const Scene& scene, const char* text) {
    details = who_waits_for_what(scene);
    return text;
  }

  static const inject::Wait* wait_of(const Scene& scene, const inject::Idle& idle, const M* mp) {
    for (uint32_t i = 0; i < idle.wait_count; i++) {
      if (scene.m(i) == mp) return &idle.waits[i];
    }
    return nullptr;
  }

  // From holder to holder, until somebody waits for something else than a lock.
  static const char* locked_out(const Scene& scene, const inject::Idle& idle,
                                const inject::Wait& first) {
    const inject::Wait* wait = &first;
    for (uint32_t hops = 0; hops <= idle.wait_count; hops++) {
      M* holder = holder_of(scene.w(), wait->word);
      if (holder == nullptr) return nullptr;  // a lost wake-up: O6 tells
      wait = wait_of(scene, idle, holder);
      if (wait == nullptr) return nullptr;
      const Rest rest = rest_of(scene.w(), *wait);
      if (rest == Rest::note) return "Ms wait for a lock whose holder sleeps";
      if (rest != Rest::lock) return nullptr;  // the clock or a call: it comes back
    }
    return "Ms wait in a circle for each other's locks";
  }

  static const char* stop_in_vain(const Scene& scene, const inject::Idle& idle) {
    World& world = scene.w();
    for (uint32_t i = 0; i < world.settings.procs; i++) {
      P* pp = &world.allp[i];
      M* mp = pp->m.peek();
      if (pp->status.peek() != Prunning || mp == nullptr) continue;
      const inject::Wait* wait = wait_of(scene, idle, mp);
      if (wait != nullptr && wait->kind == inject::WaitKind::futex) {
        return "a stop waits for an M that sleeps with its P until somebody wakes it";
      }
    }
    return nullptr;
  }

  std::array<uint32_t, inject::kCarriersMax> held_ = {};
  std::array<uint32_t, kOracleGsMax> scanner_ = {};  // 1 + its carrier
};

}  // namespace

std::unique_ptr<Oracle> make_order_oracle() { return std::make_unique<Order>(); }

}  // namespace throwsplit::fuzz
