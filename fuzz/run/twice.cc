// Runs an input twice and compares the two step by step: equal inputs are equal runs.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/twice.h"

#include <memory>
#include <utility>

#include "fuzz/explore/explore.h"

namespace throwsplit::fuzz {

namespace {

// Writes down the steps of a run beside what else looks on.
class Notes : public inject::Watcher {
 public:
  explicit Notes(inject::Watcher* also) : also_(also) { steps_.reserve(1024); }

  void begin_run(const inject::RunInfo& info) override {
    if (also_ != nullptr) also_->begin_run(info);
  }
  bool on_step(const inject::Step& step) override {
    steps_.push_back({step.carrier, step.site, step.object, step.now_ns});
    return also_ != nullptr && also_->on_step(step);
  }
  bool on_event(const inject::Step& step, Event event, uint32_t a, uint64_t b) override {
    steps_.push_back({step.carrier, step.site, a, step.now_ns});
    return also_ != nullptr && also_->on_event(step, event, a, b);
  }
  bool on_move(const inject::Step& step, uint32_t row) override {
    return also_ != nullptr && also_->on_move(step, row);
  }
  bool on_idle(const inject::Idle& idle) override {
    return also_ != nullptr && also_->on_idle(idle);
  }
  void finish_run(const inject::RunEnd& end) override {
    if (also_ != nullptr) also_->finish_run(end);
  }

  const std::vector<StepTaken>& steps() const { return steps_; }

 private:
  inject::Watcher* also_;
  std::vector<StepTaken> steps_;
};

std::optional<StepTaken> at(const std::vector<StepTaken>& steps, std::size_t index) {
  return index < steps.size() ? std::optional(steps[index]) : std::nullopt;
}

}  // namespace

Twice run_twice(const Input& input, inject::Choice& choice, const RunOptions& options) {
  Notes first(options.also);
  Notes second(nullptr);
  RunOptions noted = options;
  noted.also = &first;
  Twice twice;
  twice.outcome = run(input, choice, noted);
  noted.also = &second;
  noted.record = false;
  const Outcome again = run(input, choice, noted);
  if (again.trace_hash == twice.outcome.trace_hash && first.steps() == second.steps()) return twice;
  std::size_t step = 0;
  while (at(first.steps(), step) && at(first.steps(), step) == at(second.steps(), step))
    step++;
  twice.difference = {step, at(first.steps(), step), at(second.steps(), step)};
  return twice;
}

Twice run_twice(const Input& input, const RunOptions& options) {
  const std::unique_ptr<inject::Choice> strategy = make_strategy(input.schedule);
  return run_twice(input, *strategy, options);
}

Outcome as_finding(Outcome first, const Difference& difference) {
  first.verdict = Verdict::finding;
  first.finding = {"twice", "the same input ran differently the second time", "", difference.step,
                   difference.first ? difference.first->carrier : 0};
  return first;
}

}  // namespace throwsplit::fuzz
