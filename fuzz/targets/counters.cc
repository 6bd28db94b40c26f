// The extra counters: what an engine cannot see in edges, told as bytes that it watches.
// SPDX-License-Identifier: Apache-2.0
//
//   0 .. 63       rows of moves.def
//   64 .. 191     rows of points.def
//   192 .. 8191   a hash of two adjacent sites where the world went from one carrier to another
//
// The last are what a schedule fuzzer is after: which step of whom came right after which of whom.
#include <cstddef>
#include <cstdint>

#include "fuzz/targets/targets.h"

namespace throwsplit::fuzz {
namespace {

constexpr std::size_t kCounters = 8192;
constexpr std::size_t kMovesAt = 0;
constexpr std::size_t kPointsAt = 64;
constexpr std::size_t kPairsAt = 192;

}  // namespace

// Found by its section. Not static: a linker may drop what it thinks nobody reads.
extern "C" {
__attribute__((used, visibility("default"),
               section("__libfuzzer_extra_counters"))) uint8_t throwsplit_extra_counters[kCounters];
}

namespace {

class PairCounter : public inject::Watcher {
 public:
  void begin_run(const inject::RunInfo&) override { carrier_ = inject::kNobody; }
  bool on_step(const inject::Step& step) override {
    if (carrier_ != step.carrier && carrier_ != inject::kNobody) {
      uint32_t hash = (uint32_t{site_} << 16 | step.site) * UINT32_C(0x9e3779b1);
      hash ^= hash >> 15;
      // Seen or not: how often would make nearly every run a new one.
      throwsplit_extra_counters[kPairsAt + hash % (kCounters - kPairsAt)] = 1;
    }
    carrier_ = step.carrier;
    site_ = step.site;
    return false;
  }

 private:
  uint32_t carrier_ = inject::kNobody;
  Site site_ = 0;
};

Coverage all_so_far;

}  // namespace

Outcome run_counted(const Input& input) {
  PairCounter pairs;
  RunOptions options;
  options.also = &pairs;
  Outcome outcome = run(input, options);
  for (std::size_t i = 0; i < outcome.coverage.moves.size(); i++) {
    if (outcome.coverage.moves[i]) throwsplit_extra_counters[kMovesAt + i] = 1;
  }
  for (std::size_t i = 0; i < outcome.coverage.points.size(); i++) {
    if (outcome.coverage.points[i]) throwsplit_extra_counters[kPointsAt + i] = 1;
  }
  all_so_far.merge(outcome.coverage);
  return outcome;
}

const Coverage& coverage_so_far() { return all_so_far; }

}  // namespace throwsplit::fuzz
