// From an input that fails to a small one that fails in the same way: delta debugging.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/shrink.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "fuzz/explore/explore.h"
#include "fuzz/run/goroutine_counter.h"
#include "fuzz/run/shrink_program.h"

namespace throwsplit::fuzz {
namespace {

constexpr uint32_t kRoundsMax = 4;
// Other schedules of the small program whose rows are shrunk too; how many are tried for them, and
// how many for each beginning of the schedule at hand.
constexpr uint32_t kOtherSchedulesMax = 100;
constexpr uint32_t kOtherSearchesMax = 5000;
constexpr uint32_t kOtherEndsMax = 1000;
// A fault that a die decided is tried at each of so many visits.
constexpr uint32_t kVisitsMax = 8;
// A schedule this short is not worth a second one.
constexpr size_t kRowsFew = 2;

class Shrinker {
 public:
  Shrinker(const Input& input, const ShrinkOptions& options) : options_(options), best_(input) {}

  std::optional<Shrunk> shrink();

 private:
  Trial try_once(const Input& input) {
    runs_++;
    return options_.probe(input);
  }
  bool is_over() const {
    return runs_ >= options_.runs_max || (options_.is_enough && options_.is_enough());
  }
  bool fails(const Input& input) { return !is_over() && try_once(input).signature == signature_; }
  // Under its own schedule or one of a number of others. Leaves: the candidate is the best.
  bool accept(const Input& candidate);
  // Under its own only.
  bool accept_as_is(const Input& candidate);
  // Under the first `kept` rows and random schedule `seed` from there: the input with that schedule
  // as rows, if it fails.
  std::optional<Input> under_schedule(Input input, uint64_t seed, size_t kept);

  void drop_goroutines();
  bool drop_spawn(const OpPlace& place, uint64_t number);
  void drop_ops();
  void lower_numbers();
  void lower_operands(const OpPlace& place);
  void drop_faults();
  void settle_faults();
  bool settle_fault(size_t at);
  Input with_fewer_rows(Input input);
  void drop_rows();
  void try_other_schedules(size_t kept, uint32_t searches);
  Size size_of(const Input& input);

  const ShrinkOptions& options_;
  Input best_;
  std::string signature_;
  uint64_t runs_ = 0;
};

// Drops stretches of `count` things, long ones first. `drop(begin, end)`: true if they are gone.
template <typename Drop>
void drop_stretches(size_t count, Drop&& drop) {
  for (size_t length = count; length > 0;) {
    bool dropped = false;
    for (size_t at = 0; at < count;) {
      const size_t end = std::min(at + length, count);
      if (drop(at, end)) {
        count -= end - at;
        dropped = true;
      } else {
        at = end;
      }
    }
    if (!dropped || length > 1) length /= 2;
  }
}

template <typename T>
std::vector<T> without(std::vector<T> all, size_t begin, size_t end) {
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(begin),
            all.begin() + static_cast<std::ptrdiff_t>(end));
  return all;
}

Input with_rows(Input input, std::vector<ScheduleRow> rows) {
  input.schedule.rows = std::move(rows);
  input.schedule.strategy = Strategy::kKeep;
  input.schedule.choice_bytes.clear();
  return input;
}

bool Shrinker::accept_as_is(const Input& candidate) {
  if (!fails(candidate)) return false;
  best_ = candidate;
  return true;
}

std::optional<Input> Shrinker::under_schedule(Input input, uint64_t seed, size_t kept) {
  if (is_over()) return std::nullopt;
  input.schedule.rows.resize(std::min(kept, input.schedule.rows.size()));
  input.schedule.strategy = Strategy::kRandom;
  input.schedule.seed = seed;
  input.schedule.choice_bytes.clear();
  Trial trial = try_once(input);
  if (trial.signature != signature_) return std::nullopt;
  return with_rows(std::move(input), std::move(trial.switches));
}

bool Shrinker::accept(const Input& candidate) {
  if (accept_as_is(candidate)) return true;
  for (uint64_t seed = 1; seed <= options_.searches && !is_over(); seed++) {
    std::optional<Input> other = under_schedule(candidate, seed, 0);
    if (other && accept_as_is(*other)) return true;
  }
  return false;
}

// Number: of the goroutine that this spawn makes, if each is reached once and in this order.
bool Shrinker::drop_spawn(const OpPlace& place, uint64_t number) {
  const Input less = without_lonely_bodies(without_ops(best_, {place}));
  return accept(less) || accept(with_goroutine_gone(less, number));
}

void Shrinker::drop_goroutines() {
  for (size_t i = places_of_spawns(best_).size(); i-- > 0;) {
    const std::vector<OpPlace> spawns = places_of_spawns(best_);
    if (i < spawns.size()) drop_spawn(spawns[i], i + 1);
  }
}

void Shrinker::drop_ops() {
  drop_stretches(places_of_ops(best_).size(), [&](size_t begin, size_t end) {
    const std::vector<OpPlace> all = places_of_ops(best_);
    const std::vector<OpPlace> some(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                    all.begin() + static_cast<std::ptrdiff_t>(end));
    return accept(without_ops(best_, some));
  });
  // What nobody runs is not what fails.
  accept_as_is(without_lonely_bodies(best_));
}

void Shrinker::lower_operands(const OpPlace& place) {
  for (size_t i = 0; i < kOperandsMax; i++) {
    for (bool lowered = true; lowered;) {
      lowered = false;
      for (uint64_t value : lower_values(best_.bodies[place.body].ops[place.op], i)) {
        Input less = best_;
        less.bodies[place.body].ops[place.op].operand[i] = value;
        lowered = accept(less);
        if (lowered) break;
      }
    }
  }
}

void Shrinker::lower_numbers() {
  for (uint8_t procs = 1; procs < best_.config.procs; procs++) {
    Input less = best_;
    less.config.procs = procs;
    if (accept(less)) break;
  }
  for (const OpPlace& place : places_of_ops(best_))
    lower_operands(place);
}

void Shrinker::drop_faults() {
  drop_stretches(best_.plan.terms.size(), [&](size_t begin, size_t end) {
    Input less = best_;
    less.plan.terms = without(std::move(less.plan.terms), begin, end);
    return accept(less);
  });
}

// Faults that throw no die: a reader sees when they fire, and the schedule needs no seed.
void Shrinker::settle_faults() {
  for (size_t i = 0; i < best_.plan.terms.size(); i++)
    settle_fault(i);
}

bool Shrinker::settle_fault(size_t at) {
  if (best_.plan.terms[at].probability_ppm == inject::kPpmMax) return true;
  Input calm = best_;
  inject::FailTerm& term = calm.plan.terms[at];
  term.probability_ppm = inject::kPpmMax;
  if (accept(calm)) return true;
  if (term.trigger != inject::Trigger::kAlways) return false;
  term.trigger = inject::Trigger::kNth;
  for (term.trigger_n = 1; term.trigger_n <= kVisitsMax; term.trigger_n++) {
    if (accept(calm)) return true;
  }
  return false;
}

// Single rows, then pairs: a switch and the switch back are needed together or not at all.
Input Shrinker::with_fewer_rows(Input input) {
  drop_stretches(input.schedule.rows.size(), [&](size_t begin, size_t end) {
    Input less = input;
    less.schedule.rows = without(std::move(less.schedule.rows), begin, end);
    if (!fails(less)) return false;
    input = std::move(less);
    return true;
  });
  for (size_t i = 0; i < input.schedule.rows.size(); i++) {
    for (size_t j = i + 1; j < input.schedule.rows.size() && i < input.schedule.rows.size();) {
      Input less = input;
      less.schedule.rows = without(std::move(less.schedule.rows), j, j + 1);
      less.schedule.rows = without(std::move(less.schedule.rows), i, i + 1);
      if (fails(less)) {
        input = std::move(less);
      } else {
        j++;
      }
    }
  }
  Input calm = input;
  calm.schedule.seed = 0;
  return fails(calm) ? calm : input;
}

// The rows at hand, and those of other schedules that fail: one of them may come down to fewer.
void Shrinker::drop_rows() {
  if (best_.schedule.strategy != Strategy::kKeep) {
    Input rows = with_rows(best_, try_once(best_).switches);
    if (!accept_as_is(rows)) return;  // a strategy that throws the run's dice
  }
  best_ = with_fewer_rows(best_);
  try_other_schedules(0, kOtherSearchesMax);
  for (size_t kept = best_.schedule.rows.size(); kept-- > 1;)
    try_other_schedules(kept, kOtherEndsMax);
}

void Shrinker::try_other_schedules(size_t kept, uint32_t searches) {
  uint32_t others = 0;
  for (uint64_t seed = 1; seed <= searches && others < kOtherSchedulesMax; seed++) {
    if (best_.schedule.rows.size() <= std::max(kept, kRowsFew)) return;
    std::optional<Input> other = under_schedule(best_, seed, kept);
    if (!other || !fails(*other)) continue;
    others++;
    Input fewer = with_fewer_rows(*std::move(other));
    if (fewer.schedule.rows.size() < best_.schedule.rows.size()) best_ = std::move(fewer);
  }
}

Size Shrinker::size_of(const Input& input) {
  const Trial trial = try_once(input);
  return {trial.goroutines, op_count(input), input.plan.terms.size(), trial.switches.size()};
}

std::optional<Shrunk> Shrinker::shrink() {
  signature_ = try_once(best_).signature;
  if (signature_.empty()) return std::nullopt;
  const Input given = best_;
  const Size before = size_of(given);
  Size after = before;
  for (uint32_t round = 0; round < kRoundsMax && !is_over(); round++) {
    drop_goroutines();
    drop_ops();
    lower_numbers();
    drop_faults();
    settle_faults();
    drop_rows();
    const Size now = size_of(best_);
    if (now == after) break;
    after = now;
  }
  // A file has room for so many rows; what was given had a form that fits.
  if (best_.schedule.rows.size() > kRowsMax || !is_valid(best_)) best_ = given;
  return Shrunk{best_, signature_, before, size_of(best_), runs_};
}

}  // namespace

Trial probe(const Input& input) {
  GoroutineCounter counter;
  RunOptions options;
  options.record_switches = true;
  options.also = &counter;
  Outcome outcome = run(input, options);
  Trial trial;
  if (outcome.verdict == Verdict::finding) trial.signature = outcome.finding.signature();
  trial.goroutines = counter.count();
  trial.switches = std::move(outcome.switches);
  return trial;
}

std::optional<Shrunk> shrink(const Input& input, const ShrinkOptions& options) {
  return Shrinker(input, options).shrink();
}

}  // namespace throwsplit::fuzz
