// Broken if this fails: a status word moves without its compare-and-swap, or waits for no scanner.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include "runtime/gmp/gmp.h"

#include <gtest/gtest.h>

#include <thread>

namespace throwsplit {
namespace {

TEST(Status, MovesAlongTheTable) {
  G g;
  EXPECT_EQ(readgstatus(&g), uint32_t{Gidle});
  for (uint32_t to : {Gdead, Grunnable, Grunning, Gsyscall, Grunning, Gwaiting, Grunnable}) {
    casgstatus(&g, readgstatus(&g), to);
    EXPECT_EQ(readgstatus(&g), to);
  }
}

// A scanner holds the bit beside the status: the mover waits for it, and does not die of it.
TEST(Status, WaitsForAScanner) {
  G g;
  g.atomicstatus.init(Gwaiting | Gscan);
  std::thread scanner([&g] { g.atomicstatus.store<seq_cst>(Gwaiting); });
  casgstatus(&g, Gwaiting, Grunnable);
  scanner.join();
  EXPECT_EQ(readgstatus(&g), uint32_t{Grunnable});
}

TEST(Status, OfAPIsContested) {
  P p;
  pset(&p, Pgcstop, Pidle);
  pset(&p, Pidle, Prunning);
  pset(&p, Prunning, Psyscall);
  EXPECT_TRUE(pcas(&p, Psyscall, Pidle));
  EXPECT_FALSE(pcas(&p, Psyscall, Pgcstop)) << "the second taker got it, too";
  EXPECT_EQ(p.status.peek(), uint32_t{Pidle});
}

// Two threads race for a P in a system call, again and again; each time one of them gets it.
TEST(Status, GivesAPToOneTaker) {
  constexpr int kRounds = 200;
  P p;
  uint32_t turn = 0;
  int taken[2] = {};
  auto take = [&](int me) {
    for (uint32_t round = 1; round <= kRounds; round++) {
      while (atomic_load<acquire>(&turn) < 3 * round - 2)
        os_osyield();
      if (pcas(&p, Psyscall, me == 0 ? Pidle : Pgcstop)) taken[me]++;
      atomic_add<acq_rel>(&turn, 1u);
    }
  };
  p.status.init(Pgcstop);
  std::thread one([&] { take(0); });
  std::thread other([&] { take(1); });
  for (uint32_t round = 1; round <= kRounds; round++) {
    p.status.init(Psyscall);
    atomic_add<acq_rel>(&turn, 1u);
    while (atomic_load<acquire>(&turn) < 3 * round)
      os_osyield();
  }
  one.join();
  other.join();
  EXPECT_EQ(taken[0] + taken[1], kRounds);
}

}  // namespace
}  // namespace throwsplit
