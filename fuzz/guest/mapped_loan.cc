// Slots of mapped frames that are lent to other goroutines, as a channel's receiver lends its own.
// SPDX-License-Identifier: Apache-2.0
//
// A StackRef serves one loan and no other: who writes may be late, and must then find it taken
// back, not lent anew with other bytes.
#include <string.h>

#include "fuzz/guest/ops.h"
#include "runtime/stack/copystack.h"

namespace throwsplit::fuzz {

namespace {

constexpr uint8_t kLentByte = 0x5a;

// Either nobody wrote, or somebody wrote all of it.
bool is_whole(const uint8_t* slot, size_t bytes) {
  for (size_t i = 1; i < bytes; i++) {
    if (slot[i] != slot[0]) return false;
  }
  return slot[0] == 0 || slot[0] == kLentByte;
}

}  // namespace

void mapped_lend(const MappedActor& actor, uint64_t to, uint64_t bytes) {
  MappedState& state = actor.state;
  mapped_take_back(actor);
  if (to >= kGuestGoroutinesMax || state.loans_made == kMappedLoansMax) return;
  // Whole words, so that the pattern begins again behind them.
  const size_t lent = actor.slot_bytes(bytes) / 8 * 8;
  if (lent == 0) return;
  const uint32_t number = state.loans_made++;
  MappedFrame& frame = actor.frame();
  frame.loan = &state.loans[number];
  frame.lent_bytes = static_cast<uint32_t>(lent);
  state.loan_bytes[number] = frame.lent_bytes;
  memset(actor.slot(), 0, lent);
  stackref_add(actor.gp, frame.loan, reinterpret_cast<uintptr_t>(actor.slot()));
  guest_write(actor.self->guest->loan_to[to], actor.self->number * kMappedLoansMax + number + 1);
}

void mapped_write_loans(const MappedActor& actor) {
  Guest& guest = *actor.self->guest;
  uint32_t& mine = guest.loan_to[actor.self->number];
  if (guest_read(mine) == 0) return;
  const uint32_t loan = atomic_exchange<acq_rel>(&mine, 0u);
  if (loan == 0) return;
  GuestGoroutine& lender = guest.goroutines[(loan - 1) / kMappedLoansMax];
  G* gp = guest_read(lender.g);
  if (gp == nullptr) return;
  uint8_t bytes[kBytesMax];
  memset(bytes, kLentByte, sizeof bytes);
  const uint32_t number = (loan - 1) % kMappedLoansMax;
  stackref_write(gp, &lender.mapped->loans[number], bytes, lender.mapped->loan_bytes[number]);
}

void mapped_take_back(const MappedActor& actor) {
  MappedFrame& frame = actor.frame();
  if (frame.loan == nullptr) return;
  stackref_remove(actor.gp, frame.loan);
  if (!is_whole(actor.slot(), frame.lent_bytes)) {
    guest_broken(actor.self, "O9", "a lent slot was written in part");
  }
  frame.loan = nullptr;
  frame.lent_bytes = 0;
  mapped_slot_refill(actor);
}

}  // namespace throwsplit::fuzz
