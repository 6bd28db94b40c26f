// The parts of choosing that every strategy shares: masks, the plainest answer, the seeded die.
// SPDX-License-Identifier: Apache-2.0
#include "inject/choice.h"

namespace throwsplit::inject {

namespace {

// splitmix64's finisher: every bit of the result depends on every bit of the word.
constexpr uint64_t mixed(uint64_t word) {
  word = (word ^ (word >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  word = (word ^ (word >> 27)) * UINT64_C(0x94d049bb133111eb);
  return word ^ (word >> 31);
}

}  // namespace

uint32_t mask_nth(uint64_t mask, uint32_t n) {
  for (; n != 0; n--)
    mask &= mask - 1;
  return mask_first(mask);
}

uint32_t mask_next(uint64_t mask, uint32_t carrier) {
  uint64_t above = carrier + 1 >= kCarriersMax ? 0 : mask & (~uint64_t{0} << (carrier + 1));
  return mask_first(above != 0 ? above : mask);
}

uint32_t keep_running(const Menu& menu) {
  uint64_t eager = menu.enabled & ~menu.yielded;
  if (menu.current != kNobody && mask_has(eager, menu.current)) return menu.current;
  if (eager != 0) return mask_next(eager, menu.last);
  if (menu.timed != 0) return menu.next_timed;
  return mask_next(menu.enabled, menu.last);
}

void SeededDie::seed(uint64_t seed) {
  seed_ = seed;
  if (!used_) return;
  for (uint32_t& count : throws_)
    count = 0;
  used_ = false;
}

uint32_t SeededDie::pick(uint32_t n, Site site) {
  used_ = true;
  uint64_t count = throws_[(site ^ site >> 8) % kCounters]++;
  uint64_t word = mixed(mixed(seed_ + site) + count);
  return static_cast<uint32_t>((word >> 32) * n >> 32);
}

const char* wait_kind_name(WaitKind kind) {
  switch (kind) {
    case WaitKind::none:  return "nothing";
    case WaitKind::futex: return "a futex";
    case WaitKind::sleep: return "the clock";
    case WaitKind::call:  return "a call";
    case WaitKind::join:  return "a thread's end";
  }
  return "?";
}

}  // namespace throwsplit::inject
