// If this fails, the committed programs no longer reach every move and point of the runtime.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "fuzz/tools/common.h"
#include "fuzz/tools/coverage.h"

namespace throwsplit::fuzz {
namespace {

std::vector<File> corpus() {
  auto loaded = load_files({"corpus/syscall", "corpus/stack"});
  if (const auto* error = std::get_if<std::string>(&loaded)) {
    ADD_FAILURE() << *error;
    return {};
  }
  return std::move(*std::get_if<std::vector<File>>(&loaded));
}

TEST(Corpus, ReachesEveryRow) {
  Coverage all;
  for (const File& file : corpus())
    all.merge(run(file.loaded.program.input).coverage);
  EXPECT_EQ(reached(all).missed, std::vector<std::string>());
}

TEST(Corpus, EachFileHasOneIdeaAndSaysWhatItExpects) {
  const std::vector<File> files = corpus();
  EXPECT_GE(files.size(), 80u);
  for (const File& file : files) {
    EXPECT_TRUE(file.loaded.program.title.ends_with(".")) << file.path;
    EXPECT_NE(file.loaded.program.expect, "") << file.path;
  }
}

TEST(Corpus, TheSameRunsForwardAndBackward) {
  const std::vector<File> files = corpus();
  std::vector<uint64_t> hashes;
  for (const File& file : files)
    hashes.push_back(run(file.loaded.program.input).trace_hash);
  for (std::size_t i = files.size(); i-- > 0;) {
    EXPECT_EQ(run(files[i].loaded.program.input).trace_hash, hashes[i]) << files[i].path;
  }
}

}  // namespace
}  // namespace throwsplit::fuzz
