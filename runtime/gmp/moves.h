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

// 1 + the row's index, or 0 where there is no such move.
struct Table {
  uint8_t row[2][kStatusCount][kStatusCount] = {};
  constexpr Table() {
    for (uint32_t i = 0; i < kMoveCount; i++) {
      const MoveRow& move = kMoves[i];
      row[move.kind == MoveKind::p][move.from][move.to] = static_cast<uint8_t>(i + 1);
    }
  }
};
inline constexpr Table kTable;

}  // namespace moves_internal

// The row's index, or -1: illegal.
ALWAYS_INLINE int move_index(MoveKind kind, uint32_t from, uint32_t to) {
  if (from >= moves_internal::kStatusCount || to >= moves_internal::kStatusCount) return -1;
  return static_cast<int>(moves_internal::kTable.row[kind == MoveKind::p][from][to]) - 1;
}

}  // namespace throwsplit
