// `corpus merge`: of many files the few that matter, by what they reach.
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/input/encode.h"
#include "fuzz/run/run.h"
#include "fuzz/tools/corpus.h"

namespace throwsplit::fuzz {
namespace {

// What a run reached, as numbers: moves, points, what points performed, and
// pairs of adjacent sites of two carriers.
constexpr uint64_t kMoveFeature = UINT64_C(1) << 40;
constexpr uint64_t kPointFeature = UINT64_C(2) << 40;
constexpr uint64_t kDeedFeature = UINT64_C(3) << 40;

class Pairs : public inject::Watcher {
 public:
  bool on_step(const inject::Step& step) override {
    if (carrier_ != step.carrier && carrier_ != inject::kNobody) {
      reached_.insert(uint64_t{site_} << 16 | step.site);
    }
    carrier_ = step.carrier;
    site_ = step.site;
    return false;
  }
  std::set<uint64_t> take() { return std::move(reached_); }

 private:
  std::set<uint64_t> reached_;
  uint32_t carrier_ = inject::kNobody;
  Site site_ = 0;
};

std::set<uint64_t> features(const Input& input) {
  Pairs pairs;
  RunOptions options;
  options.also = &pairs;
  const Coverage coverage = run(input, options).coverage;
  std::set<uint64_t> all = pairs.take();
  for (std::size_t i = 0; i < coverage.moves.size(); i++)
    if (coverage.moves[i]) all.insert(kMoveFeature + i);
  for (std::size_t i = 0; i < coverage.points.size(); i++)
    if (coverage.points[i]) all.insert(kPointFeature + i);
  for (std::size_t i = 0; i < coverage.deeds.size(); i++)
    if (coverage.deeds[i]) all.insert(kDeedFeature + i);
  return all;
}

}  // namespace

std::vector<std::size_t> cover(const std::vector<File>& files) {
  std::vector<std::size_t> order(files.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<std::size_t> bytes;
  for (const File& file : files)
    bytes.push_back(encode(file.loaded.program.input).size());
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return std::pair(bytes[a], a) < std::pair(bytes[b], b);
  });
  std::set<uint64_t> reached;
  std::vector<std::size_t> kept;
  for (const std::size_t i : order) {
    const std::size_t before = reached.size();
    reached.merge(features(files[i].loaded.program.input));
    if (reached.size() != before) kept.push_back(i);
  }
  return kept;
}

int corpus_merge(const Arguments& arguments) {
  CLI::App app(
      "Copies to INTO, as bytes, a few files that reach what all of FILE and INTO reach. What is\n"
      "in INTO already stays.",
      "throwsplit corpus merge");
  std::string into;
  std::vector<std::string> paths;
  app.add_option("INTO", into, "a folder; made if it is not there")->required();
  app.add_option("FILE", paths, "files and folders of a fuzzer, or .prog texts")->required();
  if (const auto code = parse_arguments(app, arguments)) return *code;
  std::error_code error;
  std::filesystem::create_directories(into, error);
  if (error) return complain(into + ": " + error.message());
  // What is there goes first and is kept whatever its size.
  const auto there = load_files({into}, Reading::kEither);
  const auto more = load_files(paths, Reading::kEither);
  for (const auto* each : {&there, &more}) {
    if (const auto* why = std::get_if<std::string>(each)) return complain(*why);
  }
  const auto& old_files = *std::get_if<std::vector<File>>(&there);
  const auto& new_files = *std::get_if<std::vector<File>>(&more);
  std::set<uint64_t> reached;
  for (const File& file : old_files)
    reached.merge(features(file.loaded.program.input));
  std::size_t written = 0;
  for (const std::size_t i : cover(new_files)) {
    const Input& input = new_files[i].loaded.program.input;
    const std::size_t before = reached.size();
    reached.merge(features(input));
    if (reached.size() == before) continue;
    const std::string path = into + "/seed-" + hex_of(run(input).trace_hash);
    const std::vector<uint8_t> bytes = encode(input);
    if (!write_file(path, std::string(bytes.begin(), bytes.end()))) {
      return complain(path + ": cannot be written");
    }
    written++;
  }
  printf("%zu files, %zu were there, %zu added; together they reach %zu things\n", new_files.size(),
         old_files.size(), written, reached.size());
  return kExitPass;
}

}  // namespace throwsplit::fuzz
