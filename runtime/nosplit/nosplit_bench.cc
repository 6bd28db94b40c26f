// Measures how fast binaries are read and walked: everything in this program, and only its checks.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <string>
#include <variant>

#include "runtime/nosplit/nosplit.h"

namespace throwsplit::nosplit {
namespace {

void check_self(benchmark::State& state, const std::string& text) {
  const auto rules = parse_rules("limit nosplit 1000000 -- not the point here\n" + text, "bench");
  uint64_t code_bytes = 0;
  uint64_t instructions = 0;
  for (auto _ : state) {
    const auto checked = check_file("/proc/self/exe", *std::get_if<Rules>(&rules));
    if (const auto* error = std::get_if<std::string>(&checked)) {
      state.SkipWithError(error->c_str());
      break;
    }
    code_bytes += std::get_if<Report>(&checked)->code_bytes;
    instructions += std::get_if<Report>(&checked)->instructions;
  }
  state.SetBytesProcessed(static_cast<int64_t>(code_bytes));
  state.SetItemsProcessed(static_cast<int64_t>(instructions));
}

void BM_WalkEverything(benchmark::State& state) {
  check_self(state, "root * -- all of it\nours * -- all of it\n");
}
BENCHMARK(BM_WalkEverything)->Unit(benchmark::kMillisecond);

void BM_WalkOneRoot(benchmark::State& state) { check_self(state, "root main -- one\n"); }
BENCHMARK(BM_WalkOneRoot)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace throwsplit::nosplit
