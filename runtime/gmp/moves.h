// The table of legal moves: who refuses, judges and counts reads it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/base/nosplit.h"

namespace throwsplit {

// A goroutine's status, told by who owns its stack.
enum GStatus : uint32_t {
  Gidle = 0,       // just allocated
  Grunnable = 1,   // on a run queue; nobody owns the stack
  Grunning = 2,    // an M with a P runs it and owns the stack
  Gsyscall = 3,    // in a system call: on no queue, the stack frozen from syscallsp up
  Gwaiting = 4,    // blocked in the runtime: on no run queue; recorded where its waker will look
  Gdead = 6,       // not in use; on the free list or being made
  Gscan = 0x1000,  // a bit beside the others: a scanner owns the stack
  Gscanrunnable = Gscan | Grunnable,
  Gscanrunning = Gscan | Grunning,  // only while a scanner leaves its request
  Gscansyscall = Gscan | Gsyscall,
  Gscanwaiting = Gscan | Gwaiting,
};

// A P's status, told by who owns the P.
enum PStatus : uint32_t {
  Pidle = 0,     // on the idle list, or in one agent's hand
  Prunning = 1,  // its M's
  Psyscall = 2,  // whoever wins the CAS has it
  Pgcstop = 3,   // the stopper's
};

enum class MoveKind : uint8_t { g, p };

struct MoveRow {
  MoveKind kind;
  uint8_t number;
  uint32_t from;
  uint32_t to;
  const char* from_name;
  const char* to_name;
  const char* mover;
  const char* held;
  const char* needs;
  const char* why;
};

inline constexpr MoveRow kMoves[] = {
#define GMOVE(number, from, to, mover, held, needs, why) \
  {MoveKind::g, number, from, to, #from, #to, mover, held, #needs, why},
#define PMOVE(number, from, to, mover, held, needs, why) \
  {MoveKind::p, number, from, to, #from, #to, mover, held, #needs, why},
#include "runtime/gmp/moves.def"
#undef GMOVE
#undef PMOVE
};
inline constexpr uint32_t kMoveCount = sizeof kMoves / sizeof kMoves[0];

namespace moves_internal {

inline constexpr uint32_t kStatusCount = 8;
inline constexpr uint32_t kPlaces = 2 * kStatusCount;  // the same again with the scan bit

// Where a status stands in the table; kPlaces: it is none.
ALWAYS_INLINE constexpr uint32_t place(uint32_t status) {
  const uint32_t plain = status & ~uint32_t{Gscan};
  if (plain >= kStatusCount) return kPlaces;
  return plain == status ? plain : plain + kStatusCount;
}

// 1 + the row's index, or 0 where there is no such move.
struct Table {
  uint8_t row[2][kPlaces][kPlaces] = {};
  constexpr Table() {
    for (uint32_t i = 0; i < kMoveCount; i++) {
      const MoveRow& move = kMoves[i];
      row[move.kind == MoveKind::p][place(move.from)][place(move.to)] = static_cast<uint8_t>(i + 1);
    }
  }
};
inline constexpr Table kTable;

}  // namespace moves_internal

// The row's index, or -1: illegal.
ALWAYS_INLINE constexpr int move_index(MoveKind kind, uint32_t from, uint32_t to) {
  const uint32_t row = moves_internal::place(from);
  const uint32_t column = moves_internal::place(to);
  if (row >= moves_internal::kPlaces || column >= moves_internal::kPlaces) return -1;
  return static_cast<int>(moves_internal::kTable.row[kind == MoveKind::p][row][column]) - 1;
}

}  // namespace throwsplit
