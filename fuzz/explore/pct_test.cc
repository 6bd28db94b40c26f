// If this fails, PCT does not keep its promise: a bug of depth d with a chance of 1/(n k^(d-1)).
// SPDX-License-Identifier: Apache-2.0
//
// Burckhardt et al., ASPLOS 2010, section 3. n counts all threads, main among them; k the contested
// steps of the longest run. Seeds are fixed; the bound may be missed by three standard deviations.
#include "fuzz/explore/pct.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "fuzz/explore/keep.h"
#include "fuzz/explore/random_walk.h"
#include "inject/sim/test_threads.h"

namespace throwsplit::fuzz {
namespace {

// Depth 1: one thread must be through with all its steps before another takes its first.
class LongOrder : public inject::Threads {
 public:
  void main() override {
    spawn([this] {
      if (steps_done_.read() == kSteps) broken = true;
      for (uint32_t i = 0; i < kSteps; i++)
        other_.write(i);
    });
    spawn([this] {
      for (uint32_t i = 1; i <= kSteps; i++)
        steps_done_.write(i);
    });
    join_all();
  }

 private:
  static constexpr uint32_t kSteps = 20;
  Word steps_done_{this, 0};
  Word other_{this, 0};
};

// Depth 2: another thread's write must fall between two accesses.
class Torn : public inject::Threads {
 public:
  void main() override {
    spawn([this] {
      word_.write(1);
      if (word_.read() != 1) broken = true;
    });
    spawn([this] { word_.write(2); });
    join_all();
  }

 private:
  Word word_{this, 0};
};

// Depth 3: the same, and a third thread must have gone first.
class TornAfter : public inject::Threads {
 public:
  void main() override {
    spawn([this] {
      if (ready_.read() == 0) return;
      word_.write(1);
      if (word_.read() != 1) broken = true;
    });
    spawn([this] { word_.write(2); });
    spawn([this] { ready_.write(1); });
    join_all();
  }

 private:
  Word word_{this, 0};
  Word ready_{this, 0};
};

struct Counted {
  int runs = 0;
  int hits = 0;
  uint32_t threads = 0;
  uint64_t contests = 0;

  void add(bool broken, const inject::SimOutcome& outcome) {
    runs++;
    hits += broken ? 1 : 0;
    threads = std::max(threads, outcome.carriers);
    contests = std::max(contests, outcome.contests);
  }
  double bound(int depth) const {
    return 1 / (threads * std::pow(static_cast<double>(contests), depth - 1));
  }
  // The promise, less three standard deviations.
  double hits_least(int depth) const {
    const double expected = runs * bound(depth);
    return expected - 3 * std::sqrt(expected * (1 - bound(depth)));
  }
};

template <typename Program>
Counted count(int depth, int runs) {
  Counted counted;
  Dice dice(static_cast<uint64_t>(depth));
  // k of the bound, as the program's own runs tell it.
  for (int i = 0; i < 200; i++) {
    RandomWalk walk(dice.next());
    counted.add(false, inject::run_threads<Program>(walk).outcome);
  }
  counted.runs = 0;
  const uint64_t length = counted.contests;
  for (int i = 0; i < runs; i++) {
    // One pair too high for any program stands for no change point: no bytes mean `draw them`.
    std::vector<uint8_t> bytes = {0xff, 0xff};
    for (int point = 1; point < depth; point++) {
      const uint64_t step = 1 + dice.below(length);
      bytes.push_back(static_cast<uint8_t>(step >> 8));
      bytes.push_back(static_cast<uint8_t>(step));
    }
    Pct pct(bytes, dice.next());
    const inject::Ran<Program> ran = inject::run_threads<Program>(pct);
    counted.add(ran.broken, ran.outcome);
  }
  return counted;
}

template <typename Program>
void expect_bound(int depth, int runs) {
  const Counted counted = count<Program>(depth, runs);
  std::printf("d = %d, n = %u, k = %llu: bound %.5f, seen %.5f\n", depth, counted.threads,
              static_cast<unsigned long long>(counted.contests), counted.bound(depth),
              static_cast<double>(counted.hits) / counted.runs);
  EXPECT_GE(counted.hits, counted.hits_least(depth));
  // The test can fail: one that never switches freely has none.
  EXPECT_GT(counted.hits_least(depth), 0);
  Keep keep;
  EXPECT_FALSE(inject::run_threads<Program>(keep).broken);
}

TEST(PctBound, DepthOne) { expect_bound<LongOrder>(1, 2000); }
TEST(PctBound, DepthTwo) { expect_bound<Torn>(2, 5000); }
TEST(PctBound, DepthThree) { expect_bound<TornAfter>(3, 60'000); }

// What the bound is about: a walk that may switch at each step needs luck twenty times over.
TEST(PctBound, AWalkOfEvenChancesMissesTheLongOrder) {
  class Even : public inject::Choice {
   public:
    explicit Even(uint64_t seed) : dice_(seed) {}
    uint32_t choose(const inject::Menu& menu) override {
      return inject::mask_nth(menu.enabled,
                              static_cast<uint32_t>(dice_.below(inject::mask_count(menu.enabled))));
    }

   private:
    Dice dice_;
  };
  int hits = 0;
  for (uint64_t seed = 0; seed < 2000; seed++) {
    Even even(seed);
    hits += inject::run_threads<LongOrder>(even).broken ? 1 : 0;
  }
  EXPECT_LE(hits, 2);
}

TEST(Pct, ChangePointsOfACampaignLieWithinTheProgram) {
  Dice dice(3);
  const std::vector<uint8_t> none = {0xff, 0xff};
  int flat = 0;
  bool deep = false;
  for (int i = 0; i < 500; i++) {
    const std::vector<uint8_t> bytes = draw_change_points(300, dice);
    ASSERT_FALSE(bytes.empty());  // would mean: draw them
    ASSERT_EQ(bytes.size() % 2, 0u);
    deep = deep || bytes.size() == 18;
    if (bytes == none) {
      flat++;
      continue;
    }
    for (std::size_t at = 0; at < bytes.size(); at += 2) {
      const int step = bytes[at] << 8 | bytes[at + 1];
      ASSERT_GE(step, 1);
      ASSERT_LE(step, 300);
    }
  }
  EXPECT_TRUE(deep);
  EXPECT_GE(flat, 70);  // one in five
  EXPECT_LE(flat, 130);
}

}  // namespace
}  // namespace throwsplit::fuzz
