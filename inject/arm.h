// Decides what an armed plan does at each visit of an injection point in one run.
// SPDX-License-Identifier: Apache-2.0
//
// Used by the simulator and by chaos mode alike. All state belongs to the run (chaos: to the
// thread): arm it, visit points, arm it again.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "inject/choice.h"
#include "inject/fail_term.h"
#include "runtime/hook/points.h"

namespace throwsplit::inject {

// What is to happen at this visit of a point.
struct Verdict {
  uint64_t actions =
      0;  // throwsplit::Action bits for the runtime; only ones the point's row allows
  int64_t sleep_ns = 0;  // stand still that long first
  bool yield = false;    // let others go first
  bool quiet() const { return actions == 0 && sleep_ns == 0 && !yield; }
};

class Arm {
 public:
  // Starts a run with these terms, nothing counted yet. Needs: they outlive the run.
  // May not: allocate, once it has held as many terms before.
  void arm(std::span<const FailTerm> terms);
  void disarm() { arm({}); }
  bool armed() const { return !terms_.empty(); }
  // How often a term fired since arm().
  uint64_t fired() const { return fired_; }

  // One test where nothing is armed: the price of a visit in a calm run.
  bool armed_at(Where where, uint8_t number) const {
    uint32_t place = place_of(where, number);
    return (bits_[place / 64] >> (place % 64) & 1) != 0;
  }
  Verdict visit(Point point, Die& die);
  // The term that fires at this fault, or null.
  const FailTerm* visit(Fault fault, Die& die);

 private:
  struct State {
    uint32_t visits = 0;
    uint32_t fired = 0;
  };
  static constexpr uint32_t place_of(Where where, uint8_t number) {
    return static_cast<uint32_t>(where) * 256 + number;
  }
  const FailTerm* visit(Where where, uint8_t number, Die& die, Site site);
  bool fires(size_t index, Die& die, Site site);

  std::span<const FailTerm> terms_;
  uint64_t fired_ = 0;
  std::vector<State> states_;
  uint64_t bits_[512 / 64] = {};
};

// The site under which the die is thrown for a kernel fault.
inline constexpr Site kFaultSites = kCallSites + 0x300;
constexpr Site site_of(Fault fault) {
  return static_cast<Site>(kFaultSites + static_cast<uint16_t>(fault));
}
// "PS": the letters of points.def and window.def, as bits of throwsplit::Action.
constexpr uint64_t actions_of_text(const char* letters) {
  uint64_t actions = kActNothing;
  for (; *letters != 0; letters++) {
    if (*letters == 'F') actions |= kActFail;
    if (*letters == 'P') actions |= kActPreempt;
    if (*letters == 'S') actions |= kActStop;
    if (*letters == 'M') actions |= kActMove;
  }
  return actions;
}
// The action bits that the row of a point allows.
uint64_t allowed_actions(Point point);
// Every action bit that one of the terms may come to ask for.
uint64_t may_ask(std::span<const FailTerm> terms);

}  // namespace throwsplit::inject
