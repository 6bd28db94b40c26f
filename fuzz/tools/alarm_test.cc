// If this fails, an alarm changed what a run does, or one that does harm would not be noticed.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "fuzz/run/run.h"
#include "fuzz/tools/common.h"
#include "runtime/arch/layout.h"
#include "runtime/base/atomic.h"
#include "runtime/base/nosplit.h"

namespace throwsplit::fuzz {
namespace {

uint64_t alarms;

// ThreadSanitizer calls a handler later, on the stack where its thread is by then: harmless there.
constexpr std::size_t kHarmlessBytes = 8 * 1024;
// More than a mapped stack has, whatever its reserve is in this build.
constexpr std::size_t kHarmfulBytes = StackMappedReserve + 16 * 1024;

// (AddressSanitizer would keep this frame elsewhere.)
template <std::size_t kBytes>
NO_SANITIZE void on_alarm(int) {
  volatile char frame[kBytes];
  for (volatile char& byte : frame)
    byte = static_cast<char>(0xee);
  atomic_add<relaxed>(&alarms, uint64_t{1});
}

// SIGALRM so often; to an alternate stack, as the runtime demands of every handler, or to whatever
// stack it strikes.
class Alarm {
 public:
  explicit Alarm(long every_us, bool aside) {
    stack_.ss_sp = bytes_;
    stack_.ss_size = sizeof bytes_;
    sigaltstack(&stack_, &stack_before_);
    struct sigaction action = {};
    action.sa_handler = aside ? on_alarm<kHarmlessBytes> : on_alarm<kHarmfulBytes>;
    action.sa_flags = SA_RESTART | (aside ? SA_ONSTACK : 0);
    sigaction(SIGALRM, &action, &before_);
    const itimerval each = {{0, every_us}, {0, every_us}};
    setitimer(ITIMER_REAL, &each, nullptr);
  }
  ~Alarm() {
    const itimerval none = {};
    setitimer(ITIMER_REAL, &none, nullptr);
    sigaction(SIGALRM, &before_, nullptr);
    sigaltstack(&stack_before_, nullptr);
  }

 private:
  stack_t stack_ = {};
  stack_t stack_before_ = {};
  struct sigaction before_ = {};
  alignas(64) char bytes_[128 * 1024];
};

std::vector<Outcome> outcomes(const std::vector<File>& files) {
  std::vector<Outcome> all;
  for (const File& file : files) {
    Input input = file.loaded.program.input;
    all.push_back(run(input));
    input.config.flags |= kFlagMapped | kFlagMoveAtChecks;
    all.push_back(run(input));
  }
  return all;
}

TEST(Alarm, EveryMillisecondChangesNoHash) {
  auto loaded = load_files({"corpus/syscall", "corpus/stack"});
  ASSERT_TRUE(std::holds_alternative<std::vector<File>>(loaded));
  const auto& files = std::get<std::vector<File>>(loaded);
  const std::vector<Outcome> calm = outcomes(files);
  Alarm alarm(1000, true);
  do {
    const std::vector<Outcome> disturbed = outcomes(files);
    for (std::size_t i = 0; i < calm.size(); i++) {
      EXPECT_EQ(disturbed[i].trace_hash, calm[i].trace_hash) << files[i / 2].path;
      EXPECT_EQ(disturbed[i].verdict, calm[i].verdict) << files[i / 2].path;
    }
  } while (atomic_load<relaxed>(&alarms) < 20);
}

// The control: what strikes a goroutine's own stack destroys what lies below it, and that shows, as
// a death, a finding or another hash. In a process of its own.
TEST(Alarm, OnAGoroutinesOwnStackIsSeen) {
#if THROWSPLIT_TSAN
  GTEST_SKIP() << "ThreadSanitizer keeps signals back until it is on a stack that it knows";
#endif
  auto loaded = load_files({"corpus/stack"});
  ASSERT_TRUE(std::holds_alternative<std::vector<File>>(loaded));
  const auto& files = std::get<std::vector<File>>(loaded);
  const std::vector<Outcome> calm = outcomes(files);
  constexpr int kNothing = 77;
  EXPECT_EXIT(
      {
        Alarm alarm(100, false);
        while (atomic_load<relaxed>(&alarms) < 1'000'000) {
          const std::vector<Outcome> disturbed = outcomes(files);
          for (std::size_t i = 0; i < calm.size(); i++) {
            if (disturbed[i].trace_hash != calm[i].trace_hash) _exit(0);
            if (disturbed[i].verdict != calm[i].verdict) _exit(0);
          }
        }
        _exit(kNothing);
      },
      [](int status) { return !WIFEXITED(status) || WEXITSTATUS(status) != kNothing; }, "");
}

// The rest of the corpus, native programs on mapped stacks that move at every check.
TEST(MovingStacks, TheWholeCorpusIsClean) {
  auto loaded = load_files({"corpus/syscall", "corpus/stack"});
  ASSERT_TRUE(std::holds_alternative<std::vector<File>>(loaded));
  for (const File& file : std::get<std::vector<File>>(loaded)) {
    for (const std::uint32_t also : {std::uint32_t{0}, std::uint32_t{kFlagPreemptAtChecks}}) {
      Input input = file.loaded.program.input;
      input.config.flags |= kFlagMapped | kFlagMoveAtChecks | also;
      const Outcome outcome = run(input);
      EXPECT_NE(outcome.verdict, Verdict::finding)
          << file.path << ": " << outcome.finding.signature() << "\n"
          << outcome.finding.details;
    }
  }
}

}  // namespace
}  // namespace throwsplit::fuzz
