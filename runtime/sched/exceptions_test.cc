// Broken if this fails: goroutines in catch blocks on one thread destroy each other's exceptions.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <string>

#include "runtime/runtime.h"

namespace throwsplit {
namespace {

Config procs(uint32_t count) {
  Config config;
  config.procs = count;
  return config;
}

NOINLINE int throw_at(int depth) {
  char frame[300];
  asm volatile("" : : "r"(frame) : "memory");
  if (depth == 0) throw std::runtime_error("from the depth");
  return throw_at(depth - 1) + 1;
}

TEST(Exceptions, CrossFramesThatGrewTheStack) {
  std::string caught;
  ASSERT_EQ(run(procs(1),
                [&] {
                  try {
                    throw_at(150);
                  } catch (const std::runtime_error& error) {
                    caught = error.what();
                  }
                }),
            nullptr);
  EXPECT_EQ(caught, "from the depth");
}

// Handlers of several goroutines on one thread, entered and left out of order.
TEST(Exceptions, BelongToTheGoroutineThatCatchesThem) {
  static constexpr int kCatchers = 5;
  int right = 0;
  ASSERT_EQ(run(procs(1),
                [&] {
                  for (int number = 0; number < kCatchers; number++) {
                    ASSERT_TRUE(go([&right, number] {
                      try {
                        throw std::to_string(number);
                      } catch (const std::string& mine) {
                        for (int k = 0; k < 3 + 2 * (kCatchers - number); k++)
                          yield();
                        try {
                          throw;
                        } catch (const std::string& again) {
                          yield();
                          right += again == std::to_string(number) && &again == &mine;
                        }
                      }
                      EXPECT_EQ(std::current_exception(), nullptr);
                    }));
                  }
                }),
            nullptr);
  EXPECT_EQ(right, kCatchers);
}

struct YieldsInItsDestructor {
  int* seen;
  ~YieldsInItsDestructor() {
    *seen = std::uncaught_exceptions();
    yield();
  }
};

TEST(Exceptions, AreInFlightInOneGoroutineOnly) {
  int seen = -1;
  int others = -1;
  ASSERT_EQ(run(procs(1),
                [&] {
                  ASSERT_TRUE(go([&] { others = std::uncaught_exceptions(); }));
                  try {
                    YieldsInItsDestructor guard = {&seen};
                    throw 1;
                  } catch (int) {
                  }
                }),
            nullptr);
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(others, 0);
}

TEST(ExceptionsDeathTest, UncaughtOnesEndTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(run(procs(1), [] { throw std::runtime_error("nobody wants me"); }),
               "terminate called after throwing.*\n.*nobody wants me");
}

}  // namespace
}  // namespace throwsplit
