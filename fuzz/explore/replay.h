// The strategy that plays back recorded rows, and asks another where they are silent.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>

#include "fuzz/input/input.h"
#include "inject/choice.h"

namespace throwsplit::fuzz {

// A row whose carrier cannot act at its visit is passed over: a schedule that was edited, or that
// meets another program, still means something.
class Replay : public inject::Choice {
 public:
  // Needs: the rows outlive it.
  Replay(std::span<const ScheduleRow> rows, std::unique_ptr<inject::Choice> rest);

  void begin_run(const inject::RunInfo& info) override;
  uint32_t choose(const inject::Menu& menu) override;
  void finish_run(const inject::RunEnd& end) override;

  uint32_t rows_used() const { return rows_used_; }  // in the last run
  uint32_t rows_passed_over() const { return rows_passed_over_; }

 private:
  static constexpr uint64_t key(uint16_t site, uint32_t occurrence) {
    return uint64_t{occurrence} << 16 | site;
  }

  std::unordered_map<uint64_t, uint8_t> carriers_;
  std::unique_ptr<inject::Choice> rest_;
  uint32_t rows_used_ = 0;
  uint32_t rows_passed_over_ = 0;
};

}  // namespace throwsplit::fuzz
