// Decides what an armed plan does at each visit of an injection point in one run.
// SPDX-License-Identifier: Apache-2.0
#include "inject/arm.h"

#include <array>

namespace throwsplit::inject {

namespace {

constexpr auto kAllowed = [] {
  std::array<uint8_t, 256> allowed{};
  for (const PointRow& row : kPoints) {
    allowed[static_cast<uint16_t>(row.point) & 0xff] =
        static_cast<uint8_t>(actions_of_text(row.actions));
  }
  return allowed;
}();

constexpr bool points_fit() {
  for (const PointRow& row : kPoints) {
    if (static_cast<uint16_t>(row.point) > 0xff) return false;
  }
  return true;
}
static_assert(points_fit(), "plans name a point by a number of 8 bits");

// Actions without a bit in points.h ask the runtime for something it cannot do yet: nothing
// happens.
uint64_t action_bits(Action action) {
  switch (action) {
    case Action::kFail:    return kActFail;
    case Action::kPreempt: return kActPreempt;
    case Action::kStop:    return kActStop;
    case Action::kMove:    return kActMove;
    default:               return kActNothing;
  }
}

}  // namespace

uint64_t allowed_actions(Point point) { return kAllowed[static_cast<uint16_t>(point) & 0xff]; }

uint64_t may_ask(std::span<const FailTerm> terms) {
  uint64_t actions = kActNothing;
  for (const FailTerm& term : terms) {
    if (term.where != Where::kPoint) continue;
    actions |= action_bits(term.action) & kAllowed[term.number];
  }
  return actions;
}

void Arm::arm(std::span<const FailTerm> terms) {
  terms_ = terms;
  fired_ = 0;
  states_.assign(terms.size(), State{});
  for (uint64_t& word : bits_)
    word = 0;
  for (const FailTerm& term : terms) {
    if (term.action == Action::kOff) continue;
    uint32_t place = place_of(term.where, term.number);
    bits_[place / 64] |= uint64_t{1} << (place % 64);
  }
}

// The trigger, then the die, then the count. The die is thrown only where the trigger matches, so
// that a plan of nth terms draws nothing.
bool Arm::fires(size_t index, Die& die, Site site) {
  const FailTerm& term = terms_[index];
  State& state = states_[index];
  switch (term.trigger) {
    case Trigger::kAlways: break;
    case Trigger::kNth:
      if (state.visits != term.trigger_n) return false;
      break;
    case Trigger::kEvery:
      if (term.trigger_n == 0 || state.visits % term.trigger_n != 0) return false;
      break;
  }
  if (term.action == Action::kOff || term.probability_ppm == 0) return false;
  if (term.probability_ppm < kPpmMax && die.pick(kPpmMax, site) >= term.probability_ppm) {
    return false;
  }
  if (term.count_max != 0 && state.fired >= term.count_max) return false;
  state.fired++;
  fired_++;
  return true;
}

// Terms are tried in order and the first that fires decides; all of them count the visit.
const FailTerm* Arm::visit(Where where, uint8_t number, Die& die, Site site) {
  const FailTerm* first = nullptr;
  for (size_t i = 0; i < terms_.size(); i++) {
    if (terms_[i].where != where || terms_[i].number != number) continue;
    states_[i].visits++;
    if (first == nullptr && fires(i, die, site)) first = &terms_[i];
  }
  return first;
}

Verdict Arm::visit(Point point, Die& die) {
  Verdict verdict;
  auto number = static_cast<uint8_t>(point);
  if (!armed_at(Where::kPoint, number)) return verdict;
  const FailTerm* term = visit(Where::kPoint, number, die, throwsplit::site_of(point));
  if (term == nullptr) return verdict;
  if (term->action == Action::kSleep) verdict.sleep_ns = static_cast<int64_t>(term->argument);
  verdict.yield = term->action == Action::kYield;
  verdict.actions = action_bits(term->action) & allowed_actions(point);
  return verdict;
}

const FailTerm* Arm::visit(Fault fault, Die& die) {
  auto number = static_cast<uint8_t>(fault);
  if (!armed_at(Where::kKernel, number)) return nullptr;
  return visit(Where::kKernel, number, die, site_of(fault));
}

}  // namespace throwsplit::inject
