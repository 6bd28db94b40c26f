// The strategy that plays back recorded rows, and asks another where they are silent.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/explore/replay.h"

#include <utility>

namespace throwsplit::fuzz {

Replay::Replay(std::span<const ScheduleRow> rows, std::unique_ptr<inject::Choice> rest)
    : rest_(std::move(rest)) {
  carriers_.reserve(rows.size());
  for (const ScheduleRow& row : rows) {
    carriers_.try_emplace(key(row.site, row.occurrence), row.carrier);
  }
}

void Replay::begin_run(const inject::RunInfo& info) {
  rows_used_ = rows_passed_over_ = 0;
  rest_->seed(info.seed);
  rest_->begin_run(info);
}

uint32_t Replay::choose(const inject::Menu& menu) {
  if (auto row = carriers_.find(key(menu.site, menu.occurrence)); row != carriers_.end()) {
    uint32_t carrier = row->second;
    if (carrier < inject::kCarriersMax && inject::mask_has(menu.enabled | menu.timed, carrier)) {
      rows_used_++;
      return carrier;
    }
    rows_passed_over_++;
  }
  return rest_->choose(menu);
}

void Replay::finish_run(const inject::RunEnd& end) { rest_->finish_run(end); }

}  // namespace throwsplit::fuzz
