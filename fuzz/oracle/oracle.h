// What must always hold: one class a rule, all of them looking on while the simulator runs.
// SPDX-License-Identifier: Apache-2.0
//
// An oracle sees every step, event and move, and reads the World between steps, when no M is in the
// middle of an access. It reports once; the run ends there.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "inject/choice.h"
#include "runtime/gmp/gmp.h"

namespace throwsplit::fuzz {

inline constexpr uint32_t kOracleGsMax = 64;

// What oracles share: the World under watch, and who is who.
struct Scene {
  World* const* world = nullptr;  // null while there is none
  std::array<M*, inject::kCarriersMax> m_of_carrier = {};
  inject::Waiting* waiting = nullptr;  // of the run

  bool live() const { return world != nullptr && *world != nullptr; }
  World& w() const { return **world; }
  M* m(uint32_t carrier) const { return m_of_carrier[carrier]; }
  // What each carrier waits for, now.
  const inject::Wait* waits(uint32_t* count) const { return waiting->waits(count); }
  G* g(uint32_t index) const;
};

// A broken rule. Text: no numbers, the same for the same bug. Details: the numbers.
struct Violation {
  const char* oracle = nullptr;
  const char* text = nullptr;
  std::string details;
  uint64_t step = 0;
  uint32_t carrier = 0;
};

constexpr bool is_access(Site site, Field field) {
  return site >= site_of(field, Access::load) && site <= site_of(field, Access::plain_store);
}
constexpr bool is_syscall(Site site) {
  return site >= kCallSites + 0x100 && site < kCallSites + 0x300;
}

class Oracle {
 public:
  virtual ~Oracle() = default;
  virtual const char* name() const = 0;      // "O3"
  virtual const char* sentence() const = 0;  // what it demands
  virtual void begin_run() {}
  // Whether steps at that site are shown to it; the same each time.
  virtual bool wants_step(Site site) const {
    return is_syscall(site) || is_access(site, Field::user_word);
  }
  // Whether only sysmon's steps are shown to it.
  virtual bool watches_sysmon_only() const { return false; }
  // Each returns null, or the text of the broken rule (and fills details).
  virtual const char* on_step(const Scene&, const inject::Step&) { return nullptr; }
  virtual const char* on_event(const Scene&, const inject::Step&, Event, uint32_t, uint64_t) {
    return nullptr;
  }
  virtual const char* on_move(const Scene&, const inject::Step&, uint32_t) { return nullptr; }
  virtual const char* on_idle(const Scene&, const inject::Idle&) { return nullptr; }

  std::string details;
};

std::unique_ptr<Oracle> make_ownership_oracle();   // O1
std::unique_ptr<Oracle> make_execution_oracle();   // O2
std::unique_ptr<Oracle> make_stop_bound_oracle();  // O3
std::unique_ptr<Oracle> make_stopped_oracle();     // O4
std::unique_ptr<Oracle> make_work_oracle();        // O5
std::unique_ptr<Oracle> make_notes_oracle();       // O6
std::unique_ptr<Oracle> make_split_oracle();       // O7
std::unique_ptr<Oracle> make_frozen_oracle();      // O8
std::unique_ptr<Oracle> make_stale_oracle();       // O9
std::unique_ptr<Oracle> make_preempt_oracle();     // O10
std::unique_ptr<Oracle> make_watched_oracle();     // O10, sysmon's part
std::unique_ptr<Oracle> make_counters_oracle();    // O11
std::unique_ptr<Oracle> make_order_oracle();       // O12
std::unique_ptr<Oracle> make_honest_oracle();      // O13
std::unique_ptr<Oracle> make_needs_p_oracle();     // O14

// A fatal message of the runtime is a broken rule too: which one. "CHECK" for assertions that
// belong to no oracle. `crash_text` is what the runtime printed.
// kRefused: the runtime gave up, in so many words, because the kernel refused memory or a thread.
inline constexpr const char* kRefused = "refused";
struct CrashRule {
  const char* oracle;
  std::string text;
};
CrashRule judge_crash(const std::string& crash_text);

// All of them, as the simulator's watcher.
class Oracles : public inject::Watcher {
 public:
  Oracles();
  void watch(World* const* world) { scene_.world = world; }
  // One of them looks on no longer, until told otherwise: to prove that nobody else sees what it
  // sees. Empty: all look on.
  void leave_out(const std::string& name);
  const Violation* violation() const { return violation_.text == nullptr ? nullptr : &violation_; }
  const Scene& scene() const { return scene_; }
  const std::vector<std::unique_ptr<Oracle>>& all() const { return oracles_; }

  void begin_run(const inject::RunInfo&) override;
  bool on_step(const inject::Step&) override;
  bool on_event(const inject::Step&, Event, uint32_t a, uint64_t b) override;
  bool on_move(const inject::Step&, uint32_t row) override;
  bool on_idle(const inject::Idle&) override;

 private:
  bool report(Oracle& oracle, const char* text, uint64_t step, uint32_t carrier);
  Scene scene_;
  std::vector<std::unique_ptr<Oracle>> oracles_;
  std::string left_out_;
  std::vector<Oracle*> active_;
  // Of each site at which a step may be taken: a bit for each of oracles_.
  static constexpr size_t kOraclesMax = 32;
  std::vector<uint32_t> step_watchers_;
  uint32_t sysmon_watchers_ = 0;  // who sees no steps but sysmon's
  Violation violation_;
};

// ---- Helpers for those who read the World ------------------------------------------------------

// A list that a bug may have bent into a ring: at most so many are visited. How many were.
template <typename T, typename F>
uint32_t for_each_listed(T* head, T* T::* link, uint32_t most, F&& fn) {
  uint32_t count = 0;
  for (T* each = head; each != nullptr && count < most; each = each->*link) {
    fn(each);
    count++;
  }
  return count;
}

template <typename F>
void for_each_m(World& world, F&& fn) {
  for (M* mp = world.sched.allms; mp != nullptr; mp = mp->alllink)
    fn(mp);
}

}  // namespace throwsplit::fuzz
