// PCT: random priorities, and a few random steps at which whoever runs falls below all others.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/explore/pct.h"

#include <algorithm>
#include <iterator>

namespace throwsplit::fuzz {

namespace {

constexpr uint32_t kDepths[] = {1, 2, 3, 5, 10};
constexpr uint32_t kStepMax = 0xffff;  // what two bytes can say
// After this many contests a fair walk takes over: who has the highest priority may be waiting, by
// spinning, for who has the lowest.
constexpr uint32_t kContestsMax = 12'000;
static_assert(kContestsMax < kStepMax);
// More have no meaning: each needs a thread that is not the lowest already.
constexpr std::size_t kPointsMax = 64;
// Above every change point's priority, and those are above what yielding leaves.
constexpr int64_t kInitial = 1 << 16;

}  // namespace

std::vector<uint8_t> draw_change_points(uint64_t contests, Dice& dice) {
  uint64_t length = std::clamp<uint64_t>(contests, 1, kStepMax);
  uint32_t depth = kDepths[dice.below(std::size(kDepths))];
  // No bytes would ask for a draw from the seed; one point that nobody comes to is none.
  if (depth == 1) return {kStepMax >> 8, kStepMax & 0xff};
  std::vector<uint8_t> bytes;
  for (uint32_t left = depth - 1; left != 0; left--) {
    uint64_t step = 1 + dice.below(length);
    bytes.push_back(static_cast<uint8_t>(step >> 8));
    bytes.push_back(static_cast<uint8_t>(step));
  }
  return bytes;
}

Pct::Pct(std::span<const uint8_t> change_points, uint64_t seed)
    : bytes_(change_points), seed_(seed), dice_(seed), tail_(seed) {}

void Pct::begin_run(const inject::RunInfo& info) {
  dice_ = Dice(seed_);
  tail_.begin_run(info);
  waits_.begin_run(dice_);
  draw_change_points();
  next_ = 0;
  contests_ = 0;
  known_ = yielded_ = 0;
  lowest_ = 0;
}

void Pct::draw_change_points() {
  std::vector<uint8_t> drawn;
  std::span<const uint8_t> bytes = bytes_;
  if (bytes.size() < 2) {
    drawn = fuzz::draw_change_points(uint64_t{32} << dice_.below(7), dice_);
    bytes = drawn;
  }
  points_.clear();
  for (std::size_t i = 0; i + 1 < bytes.size() && points_.size() < kPointsMax; i += 2) {
    uint32_t step = uint32_t{bytes[i]} << 8 | bytes[i + 1];
    points_.push_back({step, static_cast<int64_t>(points_.size() + 1)});
  }
  std::ranges::sort(points_, {}, &ChangePoint::step);
}

// Who asked to go after the others goes after all of them.
void Pct::demote_yielders(uint64_t yielded) {
  for (uint64_t fresh = yielded & ~yielded_; fresh != 0; fresh &= fresh - 1) {
    uint32_t carrier = inject::mask_first(fresh);
    priorities_[carrier] = --lowest_;
    known_ |= inject::mask_of(carrier);
  }
  yielded_ = yielded;
}

// Who is new gets a place at random among the others. Needs: carriers != 0.
uint32_t Pct::highest(uint64_t carriers) {
  uint32_t best = inject::mask_first(carriers);
  for (uint64_t rest = carriers; rest != 0; rest &= rest - 1) {
    uint32_t carrier = inject::mask_first(rest);
    if (!inject::mask_has(known_, carrier)) {
      priorities_[carrier] = kInitial + static_cast<int64_t>(dice_.next() >> 2);
      known_ |= inject::mask_of(carrier);
    }
    if (priorities_[carrier] > priorities_[best]) best = carrier;
  }
  return best;
}

uint32_t Pct::choose(const inject::Menu& menu) {
  if (contests_ >= kContestsMax) return tail_.choose(menu);
  bool contested = inject::mask_count(menu.enabled) > 1;
  if (contested) contests_++;
  demote_yielders(menu.yielded);
  uint64_t eager = menu.enabled & ~menu.yielded;
  uint64_t early = waits_.among(menu.timed, dice_);
  uint64_t can = eager | early;
  if (eager == 0) {
    if (menu.timed != 0) return menu.next_timed;
    can = menu.enabled;
  }
  uint32_t best = highest(can);
  while (contested && next_ < points_.size() && points_[next_].step <= contests_) {
    priorities_[best] = points_[next_++].priority;
    best = highest(can);
  }
  return best;
}

}  // namespace throwsplit::fuzz
