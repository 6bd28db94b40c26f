// Turns the choices of any run into a schedule: the rows in which it differed from keep running.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/explore/recorder.h"

namespace throwsplit::fuzz {

void Recorder::begin_run(const inject::RunInfo& info) {
  rows_.clear();
  inner_->seed(info.seed);
  inner_->begin_run(info);
}

uint32_t Recorder::choose(const inject::Menu& menu) {
  uint32_t carrier = inner_->choose(menu);
  if (carrier != inject::keep_running(menu)) {
    rows_.push_back({menu.site, menu.occurrence, static_cast<uint8_t>(carrier)});
  }
  return carrier;
}

}  // namespace throwsplit::fuzz
