// The main of a fuzz target where there is no engine: files run once each, or random inputs.
// SPDX-License-Identifier: Apache-2.0
//
//   x_fuzzer FILE|FOLDER...           each once
//   x_fuzzer -runs=N [-seed=S] [FILE|FOLDER...]   mutates them, or makes inputs up
//
// How inputs are read and changed is the target's own: standalone.h.
//
// Exit codes: 0 pass, 2 usage or bad input; a finding aborts, as under an engine.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/input/dice.h"
#include "fuzz/targets/standalone.h"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using throwsplit::fuzz::Bytes;
using throwsplit::fuzz::Dice;

constexpr int kExitPass = 0;
constexpr int kExitUsage = 2;

struct Seed {
  std::string path;
  Bytes bytes;
};

int complain(const std::string& what) {
  fprintf(stderr, "%s\n", what.c_str());
  return kExitUsage;
}

// "" or what is wrong.
std::string add_seeds(const std::string& path, std::vector<Seed>& seeds) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::string> paths;
  if (fs::is_directory(path, error)) {
    for (fs::recursive_directory_iterator at(path, error), end; !error && at != end;
         at.increment(error)) {
      if (at->is_regular_file(error)) paths.push_back(at->path().string());
    }
    if (error) return path + ": " + error.message();
    std::ranges::sort(paths);
  } else {
    paths.push_back(path);
  }
  for (const std::string& each : paths) {
    auto loaded = throwsplit::fuzz::standalone_load(each);
    if (const auto* why = std::get_if<std::string>(&loaded)) return *why;
    seeds.push_back({each, std::move(*std::get_if<Bytes>(&loaded))});
  }
  return "";
}

bool parse_number(std::string_view word, std::string_view flag, std::uint64_t& value) {
  if (!word.starts_with(flag)) return false;
  word.remove_prefix(flag.size());
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) {
    exit(complain(std::string(flag) + " expects a number, found '" + std::string(word) + "'"));
  }
  return true;
}

void run_random(const std::vector<Seed>& seeds, std::uint64_t runs, std::uint64_t seed) {
  throwsplit::fuzz::standalone_running("");
  const std::size_t bytes_max = throwsplit::fuzz::standalone_bytes_max();
  Dice dice(seed);
  for (std::uint64_t i = 0; i < runs; i++) {
    Bytes bytes;
    if (!seeds.empty()) bytes = seeds[dice.below(seeds.size())].bytes;
    std::size_t size = std::min(bytes.size(), bytes_max);
    bytes.resize(bytes_max);
    for (std::uint64_t times = dice.below(16) + 1; times > 0; times--)
      size = throwsplit::fuzz::standalone_mutate(bytes.data(), size, bytes_max, dice.next());
    bytes.resize(size);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
}

}  // namespace

int main(int argc, char** argv) {
  LLVMFuzzerInitialize(&argc, &argv);
  std::uint64_t runs = 0;
  std::uint64_t seed = 1;
  std::vector<Seed> seeds;
  for (int i = 1; i < argc; i++) {
    const std::string word = argv[i];
    if (parse_number(word, "-runs=", runs) || parse_number(word, "-seed=", seed)) continue;
    if (word.starts_with("-artifact_prefix=")) continue;
    if (word.starts_with("-")) {
      return complain("unknown flag '" + word + "'; there are -runs=N, -seed=S, -artifact_prefix=");
    }
    const std::string error = add_seeds(word, seeds);
    if (!error.empty()) return complain(error);
  }
  if (runs != 0) {
    run_random(seeds, runs, seed);
    printf("%llu runs, no finding\n", static_cast<unsigned long long>(runs));
    return kExitPass;
  }
  if (seeds.empty()) return complain("expected files, or -runs=N [-seed=S]");
  std::size_t refused = 0;
  for (const Seed& each : seeds) {
    throwsplit::fuzz::standalone_running(each.path);
    if (LLVMFuzzerTestOneInput(each.bytes.data(), each.bytes.size()) < 0) refused++;
  }
  printf("%zu files, no finding\n", seeds.size());
  if (refused != 0) printf("%zu of them are not for this target and were not run\n", refused);
  return kExitPass;
}
