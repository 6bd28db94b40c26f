// The strategy that reads its answers from the input, a byte a choice: small edits stay small.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/explore/from_bytes.h"

#include <utility>

namespace throwsplit::fuzz {

FromBytes::FromBytes(std::span<const uint8_t> bytes, std::unique_ptr<inject::Choice> rest)
    : bytes_(bytes), rest_(std::move(rest)) {}

void FromBytes::begin_run(const inject::RunInfo& info) {
  at_ = 0;
  rest_->seed(info.seed);
  rest_->begin_run(info);
}

uint32_t FromBytes::choose(const inject::Menu& menu) {
  if (at_ == bytes_.size()) return rest_->choose(menu);
  uint32_t byte = bytes_[at_++];
  if (byte == 0) return inject::keep_running(menu);
  uint32_t enabled = inject::mask_count(menu.enabled);
  uint32_t rank = (byte - 1) % (enabled + inject::mask_count(menu.timed));
  if (rank >= enabled) return inject::mask_nth(menu.timed, rank - enabled);
  uint32_t carrier = menu.last;
  do {
    carrier = inject::mask_next(menu.enabled, carrier);
  } while (rank-- != 0);
  return carrier;
}

void FromBytes::finish_run(const inject::RunEnd& end) { rest_->finish_run(end); }

}  // namespace throwsplit::fuzz
