// If this fails, a schedule does not replay, or a strategy answers what it may not.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/explore/explore.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "fuzz/explore/from_bytes.h"
#include "fuzz/explore/keep.h"
#include "fuzz/explore/pct.h"
#include "fuzz/explore/pos.h"
#include "fuzz/explore/random_walk.h"
#include "fuzz/explore/recorder.h"
#include "fuzz/explore/replay.h"
#include "fuzz/explore/round_robin.h"
#include "inject/sim/sim.h"
#include "runtime/hook/hook.h"
#include "runtime/os/os.h"

namespace throwsplit::fuzz {
namespace {

using inject::Choice;
using inject::Menu;
using inject::SimConfig;
using inject::SimOutcome;
using inject::simulate;

// Three carriers that race on words, sleep, yield, and wait for each other through a futex.
struct Program {
  Shared<uint32_t, Field::user_word> word{0};
  Shared<uint32_t, Field::note_word> note{0};
  uint32_t order = 0;  // who added when: differs between interleavings
  uint32_t next_number = 0;
};

void worker(void* arg) {
  auto* program = static_cast<Program*>(arg);
  uint32_t number = ++program->next_number;
  for (int i = 0; i < 4; i++) {
    program->word.add<seq_cst>(1);
    program->order = program->order * 31 + number;
    if (i == 1) os_usleep(2'000);
    if (i == 2) os_osyield();
  }
  program->note.add<seq_cst>(1);
  os_futexwakeup(program->note.word(), 1);
}

void three_carriers(void* arg) {
  auto* program = static_cast<Program*>(arg);
  OsThread threads[2];
  for (OsThread& thread : threads)
    os_thread_create(&thread, worker, arg, 0);
  for (;;) {
    uint32_t seen = program->note.load<seq_cst>();
    if (seen == 2) break;
    os_futexsleep(program->note.word(), seen, kForever);
  }
  for (OsThread thread : threads)
    os_thread_join(thread);
}

struct Ran {
  uint64_t hash;
  uint32_t order;
};

Ran run(Choice* choice, uint64_t seed = 0) {
  Program program;
  SimConfig config;
  config.choice = choice;
  config.seed = seed;
  SimOutcome outcome = simulate(config, three_carriers, &program);
  EXPECT_EQ(outcome.end, inject::End::finished);
  return {outcome.trace_hash, program.order};
}

TEST(Explore, RandomRunsReplayFromTheirRows) {
  for (uint64_t seed = 0; seed < 300; seed++) {
    RandomWalk walk(seed);
    Recorder recorder(&walk);
    Ran recorded = run(&recorder, seed);
    Replay replay(recorder.rows(), std::make_unique<Keep>());
    Ran replayed = run(&replay, seed);
    ASSERT_EQ(recorded.hash, replayed.hash) << "seed " << seed;
    ASSERT_EQ(recorded.order, replayed.order);
    ASSERT_EQ(replay.rows_used(), recorder.rows().size());
    ASSERT_EQ(replay.rows_passed_over(), 0u);
  }
}

// Whatever the strategy chose, its rows say it again without it.
template <typename Strategy>
void expect_replay(Strategy& strategy, uint64_t seed) {
  Recorder recorder(&strategy);
  Ran recorded = run(&recorder, seed);
  EXPECT_EQ(run(&strategy, seed).hash, recorded.hash);
  Replay replay(recorder.rows(), std::make_unique<Keep>());
  ASSERT_EQ(run(&replay, seed).hash, recorded.hash) << "seed " << seed;
}

TEST(Explore, PriorityRunsRepeatAndReplayFromTheirRows) {
  std::set<uint32_t> pct_orders;
  std::set<uint32_t> pos_orders;
  for (uint64_t seed = 0; seed < 300; seed++) {
    Pct pct({}, seed);
    expect_replay(pct, seed);
    pct_orders.insert(run(&pct, seed).order);
    Pos pos(seed);
    expect_replay(pos, seed);
    pos_orders.insert(run(&pos, seed).order);
  }
  EXPECT_GT(pct_orders.size(), 5u);
  EXPECT_GT(pos_orders.size(), 20u);
}

TEST(Explore, ChangePointsAreData) {
  std::set<uint32_t> orders;
  for (uint8_t step = 1; step < 60; step++) {
    uint8_t bytes[] = {0, step};
    Pct pct(bytes, 5);
    orders.insert(run(&pct).order);
  }
  EXPECT_GT(orders.size(), 3u);
}

TEST(Explore, RecordingChangesNothing) {
  RandomWalk walk(7);
  Recorder recorder(&walk);
  EXPECT_EQ(run(&recorder).hash, run(&walk).hash);
}

TEST(Explore, KeepRecordsNoRows) {
  Keep keep;
  Recorder recorder(&keep);
  run(&recorder);
  EXPECT_TRUE(recorder.rows().empty());
}

TEST(Explore, TheWalkFindsManyInterleavingsAndRepeatsEach) {
  std::set<uint32_t> orders;
  for (uint64_t seed = 0; seed < 1000; seed++) {
    RandomWalk walk(seed);
    Ran first = run(&walk);
    EXPECT_EQ(run(&walk).hash, first.hash);
    orders.insert(first.order);
  }
  EXPECT_GT(orders.size(), 20u);
}

TEST(Explore, BytesSteerAndRunOut) {
  std::set<uint32_t> orders;
  for (uint32_t word = 0; word < 200; word++) {
    std::vector<uint8_t> bytes;
    for (uint32_t i = 0, rest = word * 2654435761u; i < 24; i++, rest = rest * 5 + 1) {
      bytes.push_back(static_cast<uint8_t>(rest >> 24) % 4);
    }
    FromBytes choice(bytes, std::make_unique<Keep>());
    orders.insert(run(&choice).order);
    EXPECT_LE(choice.bytes_eaten(), bytes.size());
    Recorder recorder(&choice);
    uint64_t recorded = run(&recorder).hash;
    Replay replay(recorder.rows(), std::make_unique<Keep>());
    ASSERT_EQ(run(&replay).hash, recorded);
  }
  EXPECT_GT(orders.size(), 10u);
}

TEST(Explore, NoBytesOrZeroesKeepRunning) {
  std::vector<uint8_t> zeroes(1000, 0);
  FromBytes none({}, std::make_unique<Keep>());
  FromBytes zero(zeroes, std::make_unique<RoundRobin>());
  Keep keep;
  EXPECT_EQ(run(&none).hash, run(&keep).hash);
  EXPECT_EQ(run(&zero).hash, run(&keep).hash);
}

TEST(Explore, EveryByteIsAnAnswer) {
  Menu menu{};
  menu.enabled = 0b1011;
  menu.timed = 0b100;
  menu.current = menu.last = 1;
  menu.next_timed = 2;
  std::set<uint32_t> answers;
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint8_t bytes[] = {static_cast<uint8_t>(byte)};
    FromBytes choice(bytes, std::make_unique<Keep>());
    choice.begin_run({});
    answers.insert(choice.choose(menu));
  }
  EXPECT_EQ(answers, (std::set<uint32_t>{0, 1, 2, 3}));
}

TEST(Explore, RowsThatMeanNothingArePassedOver) {
  std::vector<ScheduleRow> rows = {{site_of(Field::user_word, Access::rmw), 1, 200},
                                   {site_of(Field::user_word, Access::rmw), 2, 40},
                                   {0x7fff, 1, 0}};
  Replay replay(rows, std::make_unique<Keep>());
  Keep keep;
  EXPECT_EQ(run(&replay).hash, run(&keep).hash);
  EXPECT_EQ(replay.rows_used(), 0u);
  EXPECT_EQ(replay.rows_passed_over(), 2u);
}

TEST(Explore, AScheduleBecomesItsStrategy) {
  Schedule schedule;
  Keep keep;
  EXPECT_EQ(run(make_strategy(schedule).get()).hash, run(&keep).hash);
  schedule.strategy = Strategy::kRandom;
  schedule.seed = 12;
  RandomWalk walk(12);
  EXPECT_EQ(run(make_strategy(schedule).get()).hash, run(&walk).hash);
  schedule.strategy = Strategy::kRoundRobin;
  RoundRobin turns;
  EXPECT_EQ(run(make_strategy(schedule).get()).hash, run(&turns).hash);
  schedule.strategy = Strategy::kPos;
  Pos pos(12);
  EXPECT_EQ(run(make_strategy(schedule).get()).hash, run(&pos).hash);
  schedule.strategy = Strategy::kPct;
  schedule.choice_bytes = {0, 9, 0, 21};
  Pct pct(schedule.choice_bytes, 12);
  EXPECT_EQ(run(make_strategy(schedule).get()).hash, run(&pct).hash);
  schedule.strategy = Strategy{0x77};
  EXPECT_EQ(run(make_strategy(schedule).get()).hash, run(&keep).hash);
}

}  // namespace
}  // namespace throwsplit::fuzz
