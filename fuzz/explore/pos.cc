// POS: each pending step has a fresh random priority; the highest is taken.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/explore/pos.h"

namespace throwsplit::fuzz {

namespace {

constexpr bool is_access(Site site) { return site >= kAccessSites && site < kCallSites; }
constexpr uint16_t field_of(Site site) { return static_cast<uint16_t>((site - kAccessSites) / 8); }
constexpr bool is_read(Site site) {
  auto access = static_cast<Access>((site - kAccessSites) % 8);
  return access == Access::load || access == Access::plain_load;
}

}  // namespace

// The same word, written by one of them; or the same kernel call on the same object. Not two calls
// that differ: most carry no object, and each would race with each.
bool Pos::races(const Pending& a, const Pending& b) {
  if (a.object != b.object) return false;
  if (!is_access(a.site) || !is_access(b.site)) return a.site == b.site;
  return field_of(a.site) == field_of(b.site) && !(is_read(a.site) && is_read(b.site));
}

void Pos::begin_run(const inject::RunInfo&) {
  dice_ = Dice(seed_);
  waits_.begin_run(dice_);
  known_ = 0;
}

// Whoever took the step before stands before another one now.
void Pos::arrived(const inject::Menu& menu) {
  pending_[menu.last] = {menu.site, menu.object, dice_.next()};
  known_ |= inject::mask_of(menu.last);
}

// Needs: carriers != 0.
uint32_t Pos::highest(uint64_t carriers) {
  uint32_t best = inject::mask_first(carriers);
  for (uint64_t rest = carriers; rest != 0; rest &= rest - 1) {
    uint32_t carrier = inject::mask_first(rest);
    if (!inject::mask_has(known_, carrier)) {
      pending_[carrier] = {0, 0, dice_.next()};
      known_ |= inject::mask_of(carrier);
    }
    if (pending_[carrier].priority > pending_[best].priority) best = carrier;
  }
  return best;
}

uint32_t Pos::choose(const inject::Menu& menu) {
  arrived(menu);
  uint64_t eager = menu.enabled & ~menu.yielded;
  uint64_t can = eager | waits_.among(menu.timed, dice_);
  if (eager == 0) {
    if (menu.timed != 0) return menu.next_timed;
    can = menu.enabled;
  }
  uint32_t best = highest(can);
  for (uint64_t rest = menu.enabled & ~inject::mask_of(best); rest != 0; rest &= rest - 1) {
    Pending& other = pending_[inject::mask_first(rest)];
    if (races(pending_[best], other)) other.priority = dice_.next();
  }
  return best;
}

}  // namespace throwsplit::fuzz
