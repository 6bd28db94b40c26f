// If this fails, some attempt of a program is never made to fail, or not exactly it.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/sweep.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

namespace throwsplit::fuzz {
namespace {

Op op(OpCode code, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0) {
  return Op{static_cast<uint8_t>(code), {a, b, c}};
}

// Calls the kernel three times in a way that can be refused, and needs a second thread.
Input three_calls() {
  Input input;
  input.config.procs = 2;
  input.bodies.resize(2);
  input.bodies[0].ops = {op(OpCode::kSpawn, 1), op(OpCode::kNanosleep, 1, 5'000),
                         op(OpCode::kNanosleep, 1, 5'000)};
  input.bodies[1].ops = {op(OpCode::kNanosleep, 1, 5'000)};
  return input;
}

struct Swept {
  Sweep sweep;
  std::map<uint8_t, std::set<uint32_t>> visits;  // of kernel faults
  std::set<std::string> last_words;
};

Swept sweep_of(const Input& input, uint32_t visits_max) {
  Swept swept;
  swept.sweep = sweep(input, visits_max, [&](const Input& failing, const Outcome& outcome) {
    const inject::FailTerm& term = failing.plan.terms.at(0);
    EXPECT_EQ(outcome.fired, 1u);
    EXPECT_NE(outcome.verdict, Verdict::finding) << outcome.finding.signature();
    if (term.where == inject::Where::kKernel) swept.visits[term.number].insert(term.trigger_n);
    swept.last_words.insert(outcome.crash_text.substr(0, outcome.crash_text.find('\n')));
    return true;
  });
  return swept;
}

TEST(Sweep, FailsEachVisitOnce) {
  const Swept swept = sweep_of(three_calls(), 1000);
  EXPECT_TRUE(swept.sweep.whole);
  EXPECT_GE(swept.sweep.sites, 8u);
  for (const auto& [number, visits] : swept.visits) {
    EXPECT_EQ(*visits.begin(), 1u);
    EXPECT_EQ(*visits.rbegin(), visits.size())
        << "a visit of fault " << int{number} << " is left out";
  }
  // Three sleeps in the kernel, each interrupted once; an interrupted one is not begun again.
  EXPECT_EQ(swept.visits.at(static_cast<uint8_t>(inject::Fault::kSyscallEintr)).size(), 3u);
}

// Each refusal is seen: the runtime says what it could not have.
TEST(Sweep, TheFailuresHappen) {
  const Swept swept = sweep_of(three_calls(), 1000);
  EXPECT_TRUE(swept.last_words.contains("fatal error: the kernel refuses a thread"));
  EXPECT_TRUE(swept.last_words.contains("fatal error: no memory for a thread"));
}

TEST(Sweep, SaysWhenItWasCutShort) {
  const Swept swept = sweep_of(three_calls(), 2);
  EXPECT_FALSE(swept.sweep.whole);
  EXPECT_EQ(swept.visits.at(static_cast<uint8_t>(inject::Fault::kSyscallEintr)).size(), 2u);
}

TEST(Sweep, StopsWhenTold) {
  int seen = 0;
  sweep(three_calls(), 1000, [&](const Input&, const Outcome&) { return ++seen < 3; });
  EXPECT_EQ(seen, 3);
}

}  // namespace
}  // namespace throwsplit::fuzz
