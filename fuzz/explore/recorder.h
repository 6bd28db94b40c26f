// Turns the choices of any run into a schedule: the rows in which it differed from keep running.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "fuzz/input/input.h"
#include "inject/choice.h"

namespace throwsplit::fuzz {

// Stands before another strategy and writes down what it answers.
class Recorder : public inject::Choice {
 public:
  // Needs: `inner` outlives it.
  explicit Recorder(inject::Choice* inner) : inner_(inner) {}

  void begin_run(const inject::RunInfo& info) override;
  uint32_t choose(const inject::Menu& menu) override;
  // The die stays the inner one's own, should it have one.
  uint32_t pick(uint32_t n, Site site) override { return inner_->pick(n, site); }
  void finish_run(const inject::RunEnd& end) override { inner_->finish_run(end); }

  // Of the last run. Played back over `keep` with the same seed of the dice it gives the same run,
  // for strategies that leave the dice alone.
  const std::vector<ScheduleRow>& rows() const { return rows_; }

 private:
  inject::Choice* inner_;
  std::vector<ScheduleRow> rows_;
};

}  // namespace throwsplit::fuzz
