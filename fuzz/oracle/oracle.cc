// The watcher that hands every step to every oracle, and judges the runtime's own last words.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/oracle/oracle.h"

#include <cstdlib>
#include <string_view>

namespace throwsplit::fuzz {

G* Scene::g(uint32_t index) const {
  for (G* gp = w().sched.allgs; gp != nullptr; gp = gp->alllink) {
    if (gp->index == index) return gp;
  }
  return nullptr;
}

// In the order in which they are asked. Where several see the same thing, the one that tells most
// precisely what is wrong comes first.
Oracles::Oracles() {
  oracles_.push_back(make_ownership_oracle());
  oracles_.push_back(make_execution_oracle());
  oracles_.push_back(make_order_oracle());
  oracles_.push_back(make_notes_oracle());
  oracles_.push_back(make_stop_bound_oracle());
  oracles_.push_back(make_stopped_oracle());
  oracles_.push_back(make_work_oracle());
  oracles_.push_back(make_split_oracle());
  oracles_.push_back(make_frozen_oracle());
  oracles_.push_back(make_stale_oracle());
  oracles_.push_back(make_preempt_oracle());
  oracles_.push_back(make_watched_oracle());
  oracles_.push_back(make_counters_oracle());
  oracles_.push_back(make_needs_p_oracle());
  oracles_.push_back(make_honest_oracle());
  if (oracles_.size() > kOraclesMax) std::abort();
  leave_out("-");
}

void Oracles::leave_out(const std::string& name) {
  if (left_out_ == name) return;
  left_out_ = name;
  active_.clear();
  step_watchers_.assign(kEventSites, 0);
  sysmon_watchers_ = 0;
  for (size_t i = 0; i < oracles_.size(); i++) {
    Oracle* oracle = oracles_[i].get();
    if (name == oracle->name()) continue;
    active_.push_back(oracle);
    const uint32_t bit = 1u << i;
    for (uint32_t site = 0; site < kEventSites; site++) {
      if (oracle->wants_step(static_cast<Site>(site))) step_watchers_[site] |= bit;
    }
    if (oracle->watches_sysmon_only()) sysmon_watchers_ |= bit;
  }
}

void Oracles::begin_run(const inject::RunInfo& info) {
  scene_.waiting = info.waiting;
  scene_.m_of_carrier.fill(nullptr);
  violation_ = Violation();
  for (auto& oracle : oracles_) {
    oracle->details.clear();
    oracle->begin_run();
  }
}

bool Oracles::report(Oracle& oracle, const char* text, uint64_t step, uint32_t carrier) {
  violation_ = {oracle.name(), text, oracle.details, step, carrier};
  return true;
}

bool Oracles::on_step(const inject::Step& step) {
  if (!scene_.live()) return false;
  uint32_t watchers = step_watchers_[step.site];
  const M* sysmon = scene_.w().sysmon;
  if (sysmon == nullptr || scene_.m(step.carrier) != sysmon) watchers &= ~sysmon_watchers_;
  for (; watchers != 0; watchers &= watchers - 1) {
    Oracle& oracle = *oracles_[static_cast<size_t>(__builtin_ctz(watchers))];
    if (const char* text = oracle.on_step(scene_, step)) {
      return report(oracle, text, step.step, step.carrier);
    }
  }
  return false;
}

bool Oracles::on_event(const inject::Step& step, Event event, uint32_t a, uint64_t b) {
  if (!scene_.live()) return false;
  if (scene_.m_of_carrier[step.carrier] == nullptr) {
    // The first thread of the World never announces itself; the others do, before anything else.
    uint32_t id = event == Event::m_start ? a : 0;
    for_each_m(scene_.w(), [&](M* mp) {
      if (mp->id == id) scene_.m_of_carrier[step.carrier] = mp;
    });
  }
  for (Oracle* oracle : active_) {
    if (const char* text = oracle->on_event(scene_, step, event, a, b)) {
      return report(*oracle, text, step.step, step.carrier);
    }
  }
  return false;
}

bool Oracles::on_move(const inject::Step& step, uint32_t row) {
  if (!scene_.live()) return false;
  for (Oracle* oracle : active_) {
    if (const char* text = oracle->on_move(scene_, step, row)) {
      return report(*oracle, text, step.step, step.carrier);
    }
  }
  return false;
}

bool Oracles::on_idle(const inject::Idle& idle) {
  if (!scene_.live()) return false;
  for (Oracle* oracle : active_) {
    if (const char* text = oracle->on_idle(scene_, idle)) {
      uint32_t carrier = idle.carrier == inject::kNobody ? 0 : idle.carrier;
      return report(*oracle, text, idle.step, carrier);
    }
  }
  return false;
}

// The runtime's own assertions stand where an oracle's rule is cheapest to check. The table says
// whose rule each of them guards; the text of a CHECK is its condition.
CrashRule judge_crash(const std::string& crash_text) {
  struct Row {
    std::string_view part;
    const char* oracle;
  };
  static constexpr Row kRows[] = {
      {"no memory for", kRefused},
      {"the kernel refuses", kRefused},
      {"stack split at bad time", "O7"},
      {"all goroutines are asleep", "O13"},
      {"gp->sched.sp, gp->syscallsp", "O8"},
      {"exitsyscall: the stack", "O8"},
      {"syscall: the caller's stack pointer", "O8"},
      {"syscallblock: the caller's stack pointer", "O8"},
      {"an old stack was written to", "O9"},
      {"copystack: ", "O9"},
      {"gp->syscallsp, 0u", "O8"},
      {"shrinkstack at bad time: in a system call", "O8"},
      {"shrinkstack at bad time: in a park window", "O9"},
      {"running_here", "O2"},
      {"two scanners", "O2"},
      {"gp->lockedm", "O2"},
      {"mp->lockedg", "O2"},
      {"pp->m.peek()", "O1"},
      {"mp->p.peek()", "O1"},
      {"found_p, ", "O1"},
      {"found_scan, ", "O12"},
      {"scan bit: bad", "O12"},
      {"P moved illegally", "O1"},
      {"pp->status.peek()", "O1"},
      {"world.allp[i].status.peek()", "O4"},
      {"casgstatus", "O2"},
      {"notewakeup - double wakeup", "O6"},
      {"stopwait", "O11"},
      {"kProcsMax", "O11"},
      {"nmspinning", "O11"},
      {"held_ranks", "O12"},
      {"gp->throwsplit", "O7"},
      {"mp->locks", "O11"},
  };
  // A crash that dies of a second one hides what was wrong, whatever the first was.
  constexpr std::string_view kAgain = "fatal error during a fatal error: ";
  constexpr std::string_view kHead = "fatal error: ";
  std::string_view text = crash_text;
  const bool twice = text.find(kAgain) != std::string_view::npos;
  const std::string_view head = twice ? kAgain : kHead;
  const size_t at = text.find(head);
  if (at == std::string_view::npos) return {"CHECK", "the run crashed without a word"};
  text.remove_prefix(at + (twice ? 0 : head.size()));
  text = text.substr(0, text.find('\n'));
  for (const Row& row : kRows) {
    if (text.find(row.part) != std::string_view::npos) return {row.oracle, std::string(text)};
  }
  return {"CHECK", std::string(text)};
}

}  // namespace throwsplit::fuzz
