// The random walk: any willing carrier, switching seldom in some runs and always in others.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/explore/random_walk.h"

#include <iterator>

namespace throwsplit::fuzz {

namespace {

// From run-to-block over every second step to every step.
constexpr uint32_t kSwitchRates[] = {0, 256, 1024, 4096, 16384, 32768, 65536, 65536};
constexpr uint32_t kClockRates[] = {0, 16, 256, 2048};

}  // namespace

void RandomWalk::begin_run(const inject::RunInfo&) {
  dice_ = Dice(seed_);
  switch_rate_ = kSwitchRates[dice_.below(std::size(kSwitchRates))];
  clock_rate_ = kClockRates[dice_.below(std::size(kClockRates))];
}

uint32_t RandomWalk::choose(const inject::Menu& menu) {
  uint64_t eager = menu.enabled & ~menu.yielded;
  if (menu.timed != 0 && falls(eager == 0 ? 32768 : clock_rate_)) {
    return inject::mask_nth(menu.timed,
                            static_cast<uint32_t>(dice_.below(inject::mask_count(menu.timed))));
  }
  bool can_go_on = menu.current != inject::kNobody && inject::mask_has(eager, menu.current);
  if (can_go_on && !falls(switch_rate_)) return menu.current;
  uint64_t willing = menu.willing();
  // A switch is to somebody else, where there is somebody.
  if (can_go_on && inject::mask_count(willing) > 1) willing &= ~inject::mask_of(menu.current);
  return inject::mask_nth(willing, static_cast<uint32_t>(dice_.below(inject::mask_count(willing))));
}

}  // namespace throwsplit::fuzz
