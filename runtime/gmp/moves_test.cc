// Broken if this fails: the table of legal moves is not the one that moves.def spells out.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/gmp/moves.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "runtime/gmp/gmp.h"

namespace throwsplit {
namespace {

constexpr uint32_t kStatuses[] = {
    Gidle,        Grunnable, Grunning,      Gsyscall,      Gwaiting,     5,
    Gdead,        7,         Gscan,         Gscanrunnable, Gscanrunning, Gscansyscall,
    Gscanwaiting, Gscan | 5, Gscan | Gdead, Gscan | 7};

// Every pair of statuses of either kind is a row or refused; nothing is left open.
TEST(Moves, AreTotal) {
  for (MoveKind kind : {MoveKind::g, MoveKind::p}) {
    uint32_t legal = 0;
    for (uint32_t from : kStatuses) {
      for (uint32_t to : kStatuses) {
        int row = move_index(kind, from, to);
        if (row < 0) continue;
        ASSERT_LT(static_cast<uint32_t>(row), kMoveCount);
        EXPECT_EQ(kMoves[row].kind, kind);
        EXPECT_EQ(kMoves[row].from, from);
        EXPECT_EQ(kMoves[row].to, to);
        legal++;
      }
    }
    uint32_t rows = 0;
    for (const MoveRow& move : kMoves)
      rows += move.kind == kind;
    EXPECT_EQ(legal, rows) << "two rows for one move";
  }
}

TEST(Moves, AreNumberedAndSayWhy) {
  std::set<std::pair<MoveKind, int>> numbers;
  for (const MoveRow& move : kMoves) {
    EXPECT_TRUE(numbers.insert({move.kind, move.number}).second) << "number " << +move.number;
    EXPECT_NE(move.from, move.to);
    EXPECT_STRNE(move.mover, "");
    EXPECT_STRNE(move.held, "");
    EXPECT_STRNE(move.why, "");
    const std::set<std::string> needs = {"native", "mapped", "gc", "crash"};
    EXPECT_EQ(needs.count(move.needs), 1u) << move.needs;
  }
}

TEST(Moves, NameTheirStatuses) {
  for (const MoveRow& move : kMoves) {
    for (auto [status, name] : {std::pair(move.from, move.from_name), {move.to, move.to_name}}) {
      std::string prefix = move.kind == MoveKind::g ? "G" : "P";
      const char* said = move.kind == MoveKind::g ? gstatus_name(status) : pstatus_name(status);
      EXPECT_EQ(prefix + said, name);
    }
  }
}

// The moves that the protocol of a system call rests on, and their neighbours that must not be.
TEST(Moves, RefuseWhatWouldMakeTwoOwners) {
  EXPECT_GE(move_index(MoveKind::g, Grunning, Gsyscall), 0);
  EXPECT_GE(move_index(MoveKind::g, Gsyscall, Grunning), 0);
  EXPECT_GE(move_index(MoveKind::g, Gsyscall, Grunnable), 0);
  EXPECT_EQ(move_index(MoveKind::g, Grunnable, Gsyscall), -1);
  EXPECT_EQ(move_index(MoveKind::g, Gwaiting, Grunning), -1);
  EXPECT_EQ(move_index(MoveKind::g, Gwaiting, Gsyscall), -1);
  EXPECT_EQ(move_index(MoveKind::g, Gdead, Grunning), -1);
  EXPECT_EQ(move_index(MoveKind::p, Pgcstop, Psyscall), -1);
  EXPECT_EQ(move_index(MoveKind::p, Pidle, Psyscall), -1);
  EXPECT_EQ(move_index(MoveKind::p, Prunning, Prunning), -1);
}

// The scan bit comes and goes beside the status, and nothing else happens with it.
TEST(Moves, KeepAStatusUnderItsScanBit) {
  for (const MoveRow& move : kMoves) {
    if (((move.from ^ move.to) & Gscan) == 0) {
      EXPECT_EQ(move.from & Gscan, 0u) << "a scanned goroutine changes its status";
    } else {
      EXPECT_EQ(move.from ^ move.to, uint32_t{Gscan});
      EXPECT_STREQ(move.needs, "gc");
    }
  }
  EXPECT_EQ(move_index(MoveKind::g, Gdead, Gscan | Gdead), -1) << "nobody scans the dead";
  EXPECT_EQ(move_index(MoveKind::g, Gscanwaiting, Grunnable), -1);
  EXPECT_EQ(move_index(MoveKind::p, Gscanrunning, Grunning), -1);
}

TEST(Moves, RefuseWhatIsNoStatus) {
  for (uint32_t wild : {8u, 9u, 0x1008u, 0x2000u | Grunning, 0xffffffffu}) {
    EXPECT_EQ(move_index(MoveKind::g, wild, Grunning), -1);
    EXPECT_EQ(move_index(MoveKind::g, Grunning, wild), -1);
    EXPECT_EQ(move_index(MoveKind::p, wild, Prunning), -1);
  }
  EXPECT_STREQ(gstatus_name(5), "???");
  EXPECT_STREQ(pstatus_name(9), "???");
}

}  // namespace
}  // namespace throwsplit
