// If this fails, PCT or POS needs far more schedules for a known bug than their authors' tools did.
// SPDX-License-Identifier: Apache-2.0
//
// Small programs of SCTBench (Thomson, Donaldson, Betts, PPoPP 2014), written anew for simulated
// threads with their order of spawning and one step an access, and the mean numbers of schedules to
// the first bug that were published for PCT with depth 3 and for POS: the better figure of the
// artefacts of RFF (ASPLOS 2024) and SURW (ASPLOS 2025). Ours may need three times as many at most.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <vector>

#include "fuzz/explore/pct.h"
#include "fuzz/explore/pos.h"
#include "fuzz/input/dice.h"
#include "inject/sim/test_threads.h"

namespace throwsplit::fuzz {
namespace {

constexpr int kTrials = 20;
constexpr int kSchedulesMax = 20'000;
constexpr double kTimesMost = 3;

template <int kSetters>
class Reorder : public inject::Threads {
 public:
  void main() override {
    for (int i = 0; i < kSetters; i++)
      spawn([this] {
        a_.write(1);
        b_.write(kMinusOne);
      });
    spawn([this] {
      if (a_.read() == 0 && b_.read() == 0) return;
      if (a_.read() == 1 && b_.read() == kMinusOne) return;
      broken = true;
    });
    join_all();
  }

 private:
  static constexpr uint32_t kMinusOne = UINT32_MAX;
  Word a_{this, 0};
  Word b_{this, 0};
};

class Twostage : public inject::Threads {
 public:
  void main() override {
    spawn([this] {
      {
        const Locked locked(first_lock_);
        first_.write(1);
      }
      const Locked locked(second_lock_);
      second_.write(first_.read() + 1);
    });
    spawn([this] { check(); });
    join_all();
  }

 private:
  void check() {
    uint32_t first;
    {
      const Locked locked(first_lock_);
      first = first_.read();
    }
    if (first == 0) return;
    const Locked locked(second_lock_);
    if (second_.read() != first + 1) broken = true;
  }
  Word first_{this, 0};
  Word second_{this, 0};
  Mutex first_lock_{this};
  Mutex second_lock_{this};
};

class Account : public inject::Threads {
 public:
  void main() override {
    spawn([this] {
      const Locked locked(lock_);
      if (deposited_.read() == 0 || withdrawn_.read() == 0) return;
      if (balance_.read() != kStart - kDeposit - kWithdrawal) broken = true;
    });
    spawn([this] {
      const Locked locked(lock_);
      balance_.write(balance_.read() + kDeposit);
      deposited_.write(1);
    });
    spawn([this] {
      const Locked locked(lock_);
      balance_.write(balance_.read() - kWithdrawal);
      withdrawn_.write(1);
    });
    join_all();
  }

 private:
  static constexpr uint32_t kStart = 1;
  static constexpr uint32_t kDeposit = 2;
  static constexpr uint32_t kWithdrawal = 4;
  Word balance_{this, kStart};
  Word deposited_{this, 0};
  Word withdrawn_{this, 0};
  Mutex lock_{this};
};

class Wronglock : public inject::Threads {
 public:
  void main() override {
    spawn([this] {
      const Locked locked(right_);
      const uint32_t before = value_.read();
      value_.write(value_.read() + 1);
      if (value_.read() != before + 1) broken = true;
    });
    for (int i = 0; i < 7; i++)
      spawn([this] {
        const Locked locked(wrong_);
        value_.write(value_.read() + 1);
      });
    join_all();
  }

 private:
  Word value_{this, 0};
  Mutex right_{this};
  Mutex wrong_{this};
};

// What was pushed once is taken for pushed for ever.
class Stack : public inject::Threads {
 public:
  void main() override {
    spawn([this] {
      for (uint32_t i = 0; i < kItems; i++) {
        const Locked locked(lock_);
        top_.write(top_.read() + 1);
        pushed_.write(1);
      }
    });
    spawn([this] {
      for (uint32_t i = 0; i < kItems; i++) {
        const Locked locked(lock_);
        if (pushed_.read() != 0) pop();
      }
    });
    join_all();
  }

 private:
  static constexpr uint32_t kItems = 10;
  void pop() {
    if (top_.read() == 0) {
      broken = true;
    } else {
      top_.write(top_.read() - 1);
    }
  }
  Word top_{this, 0};
  Word pushed_{this, 0};
  Mutex lock_{this};
};

class TokenRing : public inject::Threads {
 public:
  void main() override {
    spawn([this] { pass(x3_, x1_, 1, done1_); });
    spawn([this] { pass(x1_, x2_, 0, done2_); });
    spawn([this] { pass(x2_, x3_, 0, done3_); });
    spawn([this] {
      const Locked locked(lock_);
      if (done1_.read() == 0 || done2_.read() == 0 || done3_.read() == 0) return;
      if (x1_.read() != x2_.read() || x2_.read() != x3_.read()) broken = true;
    });
    join_all();
  }

 private:
  void pass(const Word& from, Word& to, uint32_t more, Word& done) {
    const Locked locked(lock_);
    to.write((from.read() + more) % 4);
    done.write(1);
  }
  Word x1_{this, 1};
  Word x2_{this, 2};
  Word x3_{this, 1};
  Word done1_{this, 0};
  Word done2_{this, 0};
  Word done3_{this, 0};
  Mutex lock_{this};
};

class BluetoothDriver : public inject::Threads {
 public:
  void main() override {
    spawn([this] {
      stopping_.write(1);
      decrement();
      if (stopping_event_.read() != 0) stopped_.write(1);
    });
    add();
    join_all();
  }

 private:
  void add() {
    if (stopping_.read() == 0) {
      {
        const Locked locked(lock_);
        pending_.write(pending_.read() + 1);
      }
      if (stopped_.read() != 0) broken = true;
    }
    decrement();
  }
  void decrement() {
    uint32_t pending;
    {
      const Locked locked(lock_);
      pending_.write(pending_.read() - 1);
      pending = pending_.read();
    }
    if (pending == 0) stopping_event_.write(1);
  }
  Word pending_{this, 1};
  Word stopping_{this, 0};
  Word stopping_event_{this, 0};
  Word stopped_{this, 0};
  Mutex lock_{this};
};

// Two change points over the length that an earlier run of the program had.
std::vector<uint8_t> two_change_points(uint64_t contests, Dice& dice) {
  std::vector<uint8_t> bytes;
  for (int i = 0; i < 2; i++) {
    const uint64_t step = 1 + dice.below(contests);
    bytes.push_back(static_cast<uint8_t>(step >> 8));
    bytes.push_back(static_cast<uint8_t>(step));
  }
  return bytes;
}

struct Searched {
  int found = 0;
  double mean = 0;  // schedules to the bug, of trials that found it
};

template <typename Program, typename Shoot>
Searched search(Shoot shoot) {
  Searched searched;
  uint64_t sum = 0;
  for (int trial = 0; trial < kTrials; trial++) {
    Dice dice(static_cast<uint64_t>(trial) + 1);
    uint64_t contests = 16;
    for (int schedule = 1; schedule <= kSchedulesMax; schedule++) {
      const inject::Ran<Program> ran = shoot(dice, contests);
      contests = ran.outcome.contests;
      EXPECT_EQ(ran.outcome.end, inject::End::finished);
      if (!ran.broken) continue;
      searched.found++;
      sum += static_cast<uint64_t>(schedule);
      break;
    }
  }
  if (searched.found != 0) searched.mean = static_cast<double>(sum) / searched.found;
  return searched;
}

template <typename Program>
Searched search_pct() {
  return search<Program>([](Dice& dice, uint64_t contests) {
    const std::vector<uint8_t> bytes = two_change_points(contests, dice);
    Pct pct(bytes, dice.next());
    return inject::run_threads<Program>(pct);
  });
}

template <typename Program>
Searched search_pos() {
  return search<Program>([](Dice& dice, uint64_t) {
    Pos pos(dice.next());
    return inject::run_threads<Program>(pos);
  });
}

void compare(const char* program, const char* strategy, const Searched& ours, double published) {
  std::printf("%-18s %-4s %8.1f schedules (%d of %d), published %.0f\n", program, strategy,
              ours.mean, ours.found, kTrials, published);
  EXPECT_EQ(ours.found, kTrials) << program << " under " << strategy;
  EXPECT_LE(ours.mean, kTimesMost * published) << program << " under " << strategy;
}

template <typename Program>
void compare_both(const char* name, double pct_published, double pos_published) {
  compare(name, "pct", search_pct<Program>(), pct_published);
  compare(name, "pos", search_pos<Program>(), pos_published);
}

TEST(Published, Reorder3) { compare_both<Reorder<2>>("reorder_3", 185, 86); }
TEST(Published, Reorder4) { compare_both<Reorder<3>>("reorder_4", 395, 533); }
TEST(Published, Reorder5) { compare_both<Reorder<4>>("reorder_5", 647, 2169); }
TEST(Published, Twostage) { compare_both<Twostage>("twostage", 9, 15); }
TEST(Published, BluetoothDriver) { compare_both<BluetoothDriver>("bluetooth_driver", 112, 36); }
TEST(Published, Account) { compare_both<Account>("account", 4, 4); }
TEST(Published, Wronglock) { compare_both<Wronglock>("wronglock", 51, 10); }
TEST(Published, Stack) { compare_both<Stack>("stack", 2, 2); }
TEST(Published, TokenRing) { compare_both<TokenRing>("token_ring", 8, 7); }

}  // namespace
}  // namespace throwsplit::fuzz
