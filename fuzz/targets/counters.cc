// The extra counters: what an engine cannot see in edges, told as bytes that it watches.
// SPDX-License-Identifier: Apache-2.0
//
//       0 ..    63   moves: rows of moves.def
//      64 ..   191   points: rows of points.def
//     192 ..   831   deeds: (point, action) performed, by deed_index
//     832 ..  2047   wakes: a hash of the waker's path and of what the sleeper waited in
//    2048 ..  4095   hand-offs: a hash of the paths on which a P was let go and taken; of how a
//                    goroutine became runnable and where it then ran; of whose queue was robbed
//    4096 ..  8191   operations: a hash of what two Ms did, with G and P status, when control went
//                    from one to the other
//    8192 .. 16383   switches: a hash of the two sites at which they were
//
// 16 KiB, because the engine reads and clears all of them after each run. A metric has a range of
// its own, so that one with many values (switches) cannot drown one with few (wakes).
#include <cstddef>
#include <cstdint>

#include "fuzz/targets/feedback.h"
#include "fuzz/targets/targets.h"

namespace throwsplit::fuzz {
namespace {

struct Range {
  Metric metric;
  std::size_t at;
  std::size_t count;
};
constexpr Range kRanges[] = {
    {Metric::moves, 0, 64},         {Metric::points, 64, kPointsMax},
    {Metric::deeds, 192, 640},      {Metric::wakes, 832, 1216},
    {Metric::handoffs, 2048, 2048}, {Metric::operations, 4096, 4096},
    {Metric::switches, 8192, 8192},
};
constexpr std::size_t kCounters = 16384;

// One after the other, all of them, in the order of Metric.
constexpr bool ranges_fit() {
  std::size_t at = 0;
  for (std::size_t i = 0; i < std::size(kRanges); i++) {
    if (kRanges[i].at != at || static_cast<std::size_t>(kRanges[i].metric) != i) return false;
    at += kRanges[i].count;
  }
  return at == kCounters;
}
static_assert(ranges_fit());
static_assert(kPointsMax * kDeeds == 640);

}  // namespace

// Found by its section. Not static: a linker may drop what it thinks nobody reads.
extern "C" {
__attribute__((used, visibility("default"),
               section("__libfuzzer_extra_counters"))) uint8_t throwsplit_extra_counters[kCounters];
}

namespace {

template <std::size_t N>
void light_rows(Metric metric, const std::bitset<N>& rows) {
  const std::span<uint8_t> range = counters_of(metric);
  for (std::size_t i = 0; i < N; i++) {
    if (rows[i]) range[i] = 1;
  }
}

Coverage all_so_far;

}  // namespace

std::span<uint8_t> counters_of(Metric metric) {
  const Range& range = kRanges[static_cast<std::size_t>(metric)];
  return {throwsplit_extra_counters + range.at, range.count};
}

Outcome run_counted(const Input& input) {
  Stage stage;
  Feedback feedback(stage);
  RunOptions options;
  options.stage = &stage;
  options.also = &feedback;
  Outcome outcome = run(input, options);
  light_rows(Metric::moves, outcome.coverage.moves);
  light_rows(Metric::points, outcome.coverage.points);
  light_rows(Metric::deeds, outcome.coverage.deeds);
  all_so_far.merge(outcome.coverage);
  return outcome;
}

const Coverage& coverage_so_far() { return all_so_far; }

}  // namespace throwsplit::fuzz
