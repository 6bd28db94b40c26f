// Mutation of a schedule and of a fault plan: rows and terms come, go and shift a little.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "fuzz/input/mutators.h"

namespace throwsplit::fuzz {
namespace {

// 1, 2, 4, ... most often small: the first visits of a site are the ones that exist.
std::uint32_t random_count(Dice& dice) {
  return static_cast<std::uint32_t>(1 + dice.below(std::uint64_t{1} << dice.below(9)));
}

std::uint8_t random_carrier(Dice& dice) { return static_cast<std::uint8_t>(dice.below(8)); }

std::uint8_t from_1_to_255(Dice& dice) { return static_cast<std::uint8_t>(1 + dice.below(255)); }

std::uint16_t random_site(Dice& dice, const Vocabulary& vocabulary) {
  if (vocabulary.sites.empty()) return from_1_to_255(dice);
  return vocabulary.sites[dice.below(vocabulary.sites.size())];
}

ScheduleRow random_row(Dice& dice, const Vocabulary& vocabulary) {
  return {random_site(dice, vocabulary), random_count(dice), random_carrier(dice)};
}

// Near the old value, at least 1.
void nudge(std::uint32_t& value, Dice& dice) {
  const std::uint32_t step = random_count(dice);
  value = dice.one_in(2) && value > step ? value - step : value + std::min(step, ~value);
  value = std::max(value, 1u);
}

template <typename T>
void erase_one(std::vector<T>& all, Dice& dice) {
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(dice.below(all.size())));
}

void mutate_row(ScheduleRow& row, Dice& dice, const Vocabulary& vocabulary) {
  switch (dice.below(3)) {
    case 0:  row.site = random_site(dice, vocabulary); break;
    case 1:  nudge(row.occurrence, dice); break;
    default: row.carrier = random_carrier(dice); break;
  }
}

// Bytes of choices, most of them calm: 0 keeps the carrier running.
void append_choices(std::vector<std::uint8_t>& bytes, Dice& dice) {
  const std::uint64_t count = 1 + dice.below(16);
  for (std::uint64_t i = 0; i < count && bytes.size() < kChoiceBytesMax; i++)
    bytes.push_back(dice.one_in(2) ? dice.byte() : std::uint8_t{0});
}

// What comes after a byte that goes or comes meets other steps, what comes before stays as it was.
void mutate_choices(std::vector<std::uint8_t>& bytes, Dice& dice) {
  if (bytes.size() < 2) return append_choices(bytes, dice);
  const std::size_t at = dice.below(bytes.size());
  switch (dice.below(8)) {
    case 0: return append_choices(bytes, dice);
    case 1: bytes.resize(at + 1); break;
    case 2: erase_one(bytes, dice); break;
    case 3:  // a little longer as before
      if (bytes.size() < kChoiceBytesMax) {
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), std::uint8_t{0});
      }
      break;
    case 4:  std::swap(bytes[at], bytes[dice.below(bytes.size())]); break;
    case 5:  bytes[at] = 0; break;
    default: bytes[at] = dice.byte(); break;
  }
}

// PCT's change points: numbers of two bytes, the high one first. An odd byte at the end goes.
std::uint32_t change_point(const std::vector<std::uint8_t>& bytes, std::size_t i) {
  return std::uint32_t{bytes[2 * i]} << 8 | bytes[2 * i + 1];
}

void set_change_point(std::vector<std::uint8_t>& bytes, std::size_t i, std::uint32_t step) {
  step = std::min(step, 0xffffu);
  bytes[2 * i] = static_cast<std::uint8_t>(step >> 8);
  bytes[2 * i + 1] = static_cast<std::uint8_t>(step);
}

// Few of them: a bug needs one less than its depth.
void mutate_change_points(std::vector<std::uint8_t>& bytes, Dice& dice) {
  constexpr std::size_t kPoints = 9;
  bytes.resize(std::min(bytes.size() / 2, kPoints) * 2);
  const std::size_t count = bytes.size() / 2;
  const std::uint64_t way = dice.below(6);
  if (count == 0 || (way == 0 && count < kPoints)) {
    bytes.resize(bytes.size() + 2);
    set_change_point(bytes, count, random_count(dice));
  } else if (way == 1 && count > 1) {
    set_change_point(bytes, dice.below(count), change_point(bytes, count - 1));
    bytes.resize(bytes.size() - 2);
  } else {
    const std::size_t i = dice.below(count);
    std::uint32_t step = change_point(bytes, i);
    if (way == 2) {
      step = random_count(dice);
    } else {
      nudge(step, dice);
    }
    set_change_point(bytes, i, step);
  }
}

Strategy random_strategy(Dice& dice, const Vocabulary& vocabulary) {
  if (!vocabulary.strategies.empty()) {
    return vocabulary.strategies[dice.below(vocabulary.strategies.size())];
  }
  return strategy_rows()[dice.below(strategy_rows().size())].strategy;
}

// Another strategy reads the choice bytes otherwise or not at all, so it starts without any of the
// old ones; the two that live on them get some.
void change_strategy(Schedule& schedule, Dice& dice, const Vocabulary& vocabulary) {
  const Strategy before = schedule.strategy;
  schedule.strategy = random_strategy(dice, vocabulary);
  if (schedule.strategy == before) return;
  schedule.choice_bytes.clear();
  if (schedule.strategy == Strategy::kBytes) append_choices(schedule.choice_bytes, dice);
  if (schedule.strategy == Strategy::kPct) mutate_change_points(schedule.choice_bytes, dice);
}

inject::FailTerm random_term(Dice& dice, const Vocabulary& vocabulary) {
  inject::FailTerm term;
  if (dice.one_in(3)) {
    const auto rows = inject::fault_rows();
    term.where = inject::Where::kKernel;
    term.number = rows[dice.below(rows.size())].number;
  } else {
    term.number = vocabulary.points.empty()
                      ? from_1_to_255(dice)
                      : vocabulary.points[dice.below(vocabulary.points.size())];
  }
  const auto actions = inject::action_rows();
  for (int tries = 0; tries < 8 && term.action == inject::Action::kOff; tries++) {
    term.action = actions[dice.below(actions.size())].action;
    term.argument = dice.one_in(2) ? 1 + dice.below(64) : std::uint64_t{1'000} * random_count(dice);
    term = folded(term);
  }
  term.trigger = inject::Trigger{static_cast<std::uint8_t>(dice.below(3))};
  term.trigger_n = random_count(dice);
  if (dice.one_in(3)) term.probability_ppm = 10'000 * static_cast<std::uint32_t>(dice.below(101));
  return folded(term);
}

void mutate_term(inject::FailTerm& term, Dice& dice, const Vocabulary& vocabulary) {
  const inject::FailTerm other = random_term(dice, vocabulary);
  switch (dice.below(6)) {
    case 0: term.probability_ppm = other.probability_ppm; break;
    case 1: term.count_max = dice.one_in(2) ? 0 : random_count(dice); break;
    case 2: nudge(term.trigger_n, dice); break;
    case 3:
      term.trigger = other.trigger;
      term.trigger_n = other.trigger_n;
      break;
    case 4:
      term.action = other.action;
      term.argument = other.argument;
      break;
    default:
      term.where = other.where;
      term.number = other.number;
      break;
  }
  term = folded(term);
}

}  // namespace

void mutate_schedule(Schedule& schedule, Dice& dice, const Vocabulary& vocabulary) {
  std::vector<ScheduleRow>& rows = schedule.rows;
  const std::uint64_t way = dice.below(12);
  const bool eats_bytes =
      schedule.strategy == Strategy::kBytes || schedule.strategy == Strategy::kPct;
  if (way < 2 || (way > 2 && way < 5 && !eats_bytes)) {
    schedule.seed = dice.next();
  } else if (way == 2) {
    change_strategy(schedule, dice, vocabulary);
  } else if (way < 5 && schedule.strategy == Strategy::kPct) {
    mutate_change_points(schedule.choice_bytes, dice);
  } else if (way < 5) {
    mutate_choices(schedule.choice_bytes, dice);
  } else if (rows.empty() || way < 8) {
    const std::uint64_t at = dice.below(rows.size() + 1);
    rows.insert(rows.begin() + static_cast<std::ptrdiff_t>(at), random_row(dice, vocabulary));
  } else if (way < 10) {
    erase_one(rows, dice);
  } else {
    mutate_row(rows[dice.below(rows.size())], dice, vocabulary);
  }
}

void mutate_plan(inject::Plan& plan, Dice& dice, const Vocabulary& vocabulary) {
  const std::uint64_t way = dice.below(4);
  if (plan.terms.empty() || way == 0) {
    plan.terms.push_back(random_term(dice, vocabulary));
  } else if (way == 1) {
    erase_one(plan.terms, dice);
  } else {
    mutate_term(plan.terms[dice.below(plan.terms.size())], dice, vocabulary);
  }
}

}  // namespace throwsplit::fuzz
