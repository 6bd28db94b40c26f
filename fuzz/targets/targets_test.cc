// If this fails, a fuzz target's crash file has a name that the report does not say, or none.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets/targets.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "fuzz/targets/finding.h"
#include "fuzz/targets/sha1.h"

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t size_max, unsigned int seed);

namespace throwsplit::fuzz {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST(Targets, Sha1IsTheStandards) {
  EXPECT_EQ(sha1_hex(bytes_of("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(sha1_hex(bytes_of("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha1_hex(bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

TEST(Targets, CrashFileIsWhereTheEngineWritesIt) {
  char program[] = "x_fuzzer";
  char prefix[] = "-artifact_prefix=some/where/";
  char* argv[] = {program, prefix};
  learn_arguments(2, argv);
  EXPECT_EQ(crash_file(bytes_of("abc")),
            "some/where/crash-a9993e364706816aba3e25717850c26c9cd0d89d");
  learn_file("given");
  EXPECT_EQ(crash_file(bytes_of("abc")), "given");
  learn_file("");
}

TEST(Targets, MutatorNeverReturnsNothingAndNeverTooMuch) {
  std::vector<std::uint8_t> data(300, 0);
  for (unsigned seed = 0; seed < 200; seed++) {
    const std::size_t most = 1 + seed % data.size();
    const std::size_t size = LLVMFuzzerCustomMutator(data.data(), 0, most, seed);
    EXPECT_GE(size, 1u);
    EXPECT_LE(size, most);
  }
}

TEST(Targets, RunsCountWhatTheyReach) {
  const Outcome outcome = run_counted(Input{});
  EXPECT_EQ(outcome.verdict, Verdict::pass);
  EXPECT_TRUE((coverage_so_far().moves & outcome.coverage.moves) == outcome.coverage.moves);
}

}  // namespace
}  // namespace throwsplit::fuzz
