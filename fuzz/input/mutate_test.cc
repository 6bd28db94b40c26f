// If this fails: mutants are invalid, break the size rules of the fuzzer, or do not repeat.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/mutate.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "fuzz/input/decode.h"
#include "fuzz/input/encode.h"
#include "fuzz/input/random_input.h"

namespace throwsplit::fuzz {
namespace {

TEST(Mutate, StaysValidAndRepeats) {
  Dice dice(7);
  Input input;
  for (int round = 0; round < 50'000; round++) {
    const std::uint64_t seed = dice.next();
    const Input next = mutate(input, seed);
    ASSERT_TRUE(is_valid(next));
    ASSERT_EQ(next, mutate(input, seed));
    input = dice.one_in(500) ? Input{} : next;
  }
}

TEST(Mutate, MostlyChangesOnePart) {
  Dice dice(8);
  int alone = 0;
  int changed = 0;
  for (int round = 0; round < 2'000; round++) {
    const Input before = decode(random_bytes(dice));
    const Input after = mutate(before, dice.next());
    const int parts = (before.bodies != after.bodies ? 1 : 0) +
                      (before.schedule != after.schedule ? 1 : 0) +
                      (before.plan != after.plan ? 1 : 0) + (before.config != after.config ? 1 : 0);
    changed += parts > 0 ? 1 : 0;
    alone += parts == 1 ? 1 : 0;
  }
  EXPECT_GT(changed, 1'900);
  EXPECT_GT(alone, 1'400);
}

TEST(Mutate, ReachesEveryNativeOpAndEveryFault) {
  Dice dice(9);
  std::set<std::uint8_t> ops;
  std::set<std::uint8_t> faults;
  std::set<inject::Action> actions;
  Input input;
  for (int round = 0; round < 20'000; round++) {
    input = round % 100 == 0 ? Input{} : mutate(input, dice.next());
    for (const Body& body : input.bodies) {
      for (const Op& op : body.ops)
        ops.insert(op.code);
    }
    for (const inject::FailTerm& term : input.plan.terms) {
      actions.insert(term.action);
      if (term.where == inject::Where::kKernel) faults.insert(term.number);
    }
  }
  for (const OpRow& row : op_rows()) {
    EXPECT_EQ(ops.count(row.code), row.needs == Needs::kNative ? 1u : 0u) << row.name;
  }
  for (const auto& row : inject::fault_rows())
    EXPECT_EQ(faults.count(row.number), 1u) << row.name;
  for (const auto& row : inject::action_rows())
    EXPECT_EQ(actions.count(row.action), 1u) << row.name;
}

TEST(Mutate, DrawsFromTheVocabulary) {
  const std::uint16_t sites[] = {0x1008};
  const std::uint8_t points[] = {42};
  const Vocabulary vocabulary{sites, points, {}, true, true};
  Dice dice(10);
  Input input;
  std::set<std::uint8_t> ops;
  for (int round = 0; round < 5'000; round++) {
    input = round % 50 == 0 ? Input{} : mutate(input, dice.next(), vocabulary);
    for (const ScheduleRow& row : input.schedule.rows)
      ASSERT_EQ(row.site, 0x1008);
    for (const inject::FailTerm& term : input.plan.terms) {
      ASSERT_TRUE(term.where == inject::Where::kKernel || term.number == 42);
    }
    for (const Op& op : input.bodies[0].ops)
      ops.insert(op.code);
  }
  EXPECT_EQ(ops.count(static_cast<std::uint8_t>(OpCode::kCollect)), 1u);
  EXPECT_EQ(ops.count(static_cast<std::uint8_t>(OpCode::kWeb)), 1u);
}

bool main_spawns(const Input& input) {
  for (const Op& op : input.bodies[0].ops) {
    if (op.code == static_cast<std::uint8_t>(OpCode::kSpawn) && op.operand[0] < input.bodies.size())
      return true;
  }
  return false;
}

TEST(Mutate, MostProgramsHaveTwoGoroutines) {
  Dice dice(13);
  Input input;
  int rounds = 0;
  int together = 0;
  for (int round = 0; round < 20'000; round++) {
    input = round % 200 == 0 ? Input{} : mutate(std::move(input), dice.next());
    if (round % 200 < 10) continue;  // what it begins with has nobody to spawn
    rounds++;
    together += main_spawns(input) ? 1 : 0;
  }
  EXPECT_GT(together, rounds * 8 / 10);
}

TEST(Mutate, ChangesToBuiltStrategiesOnlyAndFeedsThem) {
  const Strategy strategies[] = {Strategy::kPct, Strategy::kBytes, Strategy::kPos};
  Vocabulary vocabulary;
  vocabulary.strategies = strategies;
  Dice dice(14);
  std::set<Strategy> seen;
  for (int round = 0; round < 20'000; round++) {
    const Input before;
    const Input after = mutate(before, dice.next(), vocabulary);
    const Schedule& schedule = after.schedule;
    if (schedule.strategy == Strategy::kKeep) continue;
    seen.insert(schedule.strategy);
    const bool eats = schedule.strategy != Strategy::kPos;
    EXPECT_EQ(!schedule.choice_bytes.empty(), eats);
  }
  EXPECT_EQ(seen, std::set<Strategy>(std::begin(strategies), std::end(strategies)));
}

TEST(Mutate, ChangePointsOfPctAreFewAndWhole) {
  const Strategy strategies[] = {Strategy::kPct};
  Vocabulary vocabulary;
  vocabulary.strategies = strategies;
  Dice dice(15);
  Input input;
  std::set<std::size_t> sizes;
  for (int round = 0; round < 20'000; round++) {
    if (round % 100 == 0) {
      input = Input{};
      input.schedule.strategy = Strategy::kPct;
    }
    input = mutate(std::move(input), dice.next(), vocabulary);
    sizes.insert(input.schedule.choice_bytes.size());
  }
  for (const std::size_t size : sizes) {
    EXPECT_EQ(size % 2, 0u);
    EXPECT_LE(size, 18u);
  }
  EXPECT_GT(sizes.size(), 3u);
}

TEST(MutateBytes, KeepsTheSizeRules) {
  Dice dice(11);
  for (int round = 0; round < 50'000; round++) {
    std::vector<std::uint8_t> bytes = random_bytes(dice);
    const std::size_t size = bytes.size();
    const std::size_t max_size = std::max<std::size_t>(size, 1) + dice.below(100);
    bytes.resize(max_size);
    const std::uint64_t seed = dice.next();
    std::vector<std::uint8_t> again = bytes;
    const std::size_t new_size = mutate_bytes(bytes.data(), size, max_size, seed);
    ASSERT_GT(new_size, 0u);
    ASSERT_LE(new_size, max_size);
    ASSERT_EQ(mutate_bytes(again.data(), size, max_size, seed), new_size);
    bytes.resize(new_size);
    again.resize(new_size);
    ASSERT_EQ(bytes, again);
    ASSERT_TRUE(has_magic(bytes) || max_size < kEncodedBytesMin);
  }
}

TEST(MutateBytes, TinyBuffersWork) {
  for (std::size_t max_size = 1; max_size < 60; max_size++) {
    std::vector<std::uint8_t> bytes(max_size);
    const std::size_t size = mutate_bytes(bytes.data(), 0, max_size, max_size);
    EXPECT_GT(size, 0u);
    EXPECT_LE(size, max_size);
  }
  EXPECT_EQ(mutate_bytes(nullptr, 0, 0, 1), 0u);
}

TEST(Crossover, TakesWholeParts) {
  Dice dice(12);
  int whole_swaps = 0;
  for (int round = 0; round < 5'000; round++) {
    const Input a = decode(random_bytes(dice));
    const Input b = decode(random_bytes(dice));
    const std::uint64_t seed = dice.next();
    const Input child = crossover(a, b, seed);
    ASSERT_TRUE(is_valid(child));
    ASSERT_TRUE(child.bodies == a.bodies || child.bodies == b.bodies);
    ASSERT_TRUE(child.schedule == a.schedule || child.schedule == b.schedule);
    ASSERT_TRUE(child.plan == a.plan || child.plan == b.plan);
    ASSERT_EQ(child, crossover(a, b, seed));
    whole_swaps += child.bodies == b.bodies && child.schedule == a.schedule &&
                           b.bodies != a.bodies && b.schedule != a.schedule
                       ? 1
                       : 0;
    std::vector<std::uint8_t> out(1 + dice.below(300));
    const std::size_t size = crossover_bytes(encode(a), encode(b), out.data(), out.size(), seed);
    ASSERT_GT(size, 0u);
    ASSERT_LE(size, out.size());
  }
  EXPECT_GT(whole_swaps, 100);  // one's program under the other's schedule
}

TEST(EncodeWithin, DropsNoMoreThanItMust) {
  Input input;
  input.bodies[0].ops.assign(10, {0x29, {}});
  input.schedule.choice_bytes.assign(1'000, 1);
  const Input fitted = decode(encode_within(input, 200));
  EXPECT_EQ(fitted.bodies, input.bodies);
  EXPECT_LT(fitted.schedule.choice_bytes.size(), 200u);
  EXPECT_GT(fitted.schedule.choice_bytes.size(), 50u);
  EXPECT_EQ(decode(encode_within(input, 2'000)), input);
}

}  // namespace
}  // namespace throwsplit::fuzz
