// If this fails, a corpus loses what it reached, or lets in what no longer is a test.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include "fuzz/run/run.h"
#include "fuzz/tools/corpus.h"

namespace throwsplit::fuzz {
namespace {

namespace fs = std::filesystem;

std::string fresh_folder(const std::string& name) {
  const fs::path path = fs::path(testing::TempDir()) / (name + std::to_string(getpid()));
  fs::remove_all(path);
  fs::create_directories(path);
  return path.string();
}

std::vector<File> files_in(const std::string& folder, Reading reading = Reading::kStrict) {
  auto loaded = load_files({folder}, reading);
  if (const auto* error = std::get_if<std::string>(&loaded)) {
    ADD_FAILURE() << *error;
    return {};
  }
  return std::move(*std::get_if<std::vector<File>>(&loaded));
}

Coverage coverage_of(const std::vector<File>& files) {
  Coverage all;
  for (const File& file : files)
    all.merge(run(file.loaded.program.input).coverage);
  return all;
}

TEST(CorpusCommand, CheckFindsWhatSaysNothingAndWhatIsThereTwice) {
  const std::string folder = fresh_folder("check");
  std::ofstream(folder + "/a.prog") << "# One call.\nexpect pass\nbody main\n  getpid fast\n";
  EXPECT_EQ(check_corpus(files_in(folder)), std::vector<std::string>());
  std::ofstream(folder + "/b.prog") << "# The same call.\nexpect pass\nbody main\n  getpid fast\n";
  std::ofstream(folder + "/c.prog") << "body main\n  getpid fast\n  getpid fast\n";
  std::ofstream(folder + "/d.prog") << "# No.\nexpect finding O3\nbody main\n  getpid block\n";
  EXPECT_EQ(
      check_corpus(files_in(folder)),
      (std::vector<std::string>{folder + "/b.prog: is " + folder + "/a.prog over again",
                                folder + "/c.prog: does not begin with the sentence of its idea",
                                folder + "/c.prog: does not say what it expects",
                                folder + "/d.prog: pass, expected finding O3"}));
}

TEST(CorpusCommand, MergeKeepsWhatAllReachInFewerFiles) {
  const std::string into = fresh_folder("merged");
  testing::internal::CaptureStdout();
  EXPECT_EQ(dispatch({"corpus", "merge", into, "corpus/syscall", "corpus/syscall"}), kExitPass);
  testing::internal::GetCapturedStdout();
  const std::vector<File> all = files_in("corpus/syscall");
  const std::vector<File> merged = files_in(into, Reading::kAsFuzzer);
  EXPECT_FALSE(merged.empty());
  EXPECT_LE(merged.size(), all.size());
  EXPECT_EQ(coverage_of(merged).moves, coverage_of(all).moves);
  EXPECT_EQ(coverage_of(merged).points, coverage_of(all).points);
  EXPECT_EQ(coverage_of(merged).deeds, coverage_of(all).deeds);
  // A second time there is nothing to add.
  testing::internal::CaptureStdout();
  EXPECT_EQ(dispatch({"corpus", "merge", into, "corpus/syscall"}), kExitPass);
  EXPECT_NE(testing::internal::GetCapturedStdout().find(" 0 added"), std::string::npos);
}

TEST(CorpusCommand, RegressionsAreNumberedAboveAllThatAreThere) {
  const std::string folder = fresh_folder("numbers");
  EXPECT_EQ(next_regression(folder), folder + "/regress-0001.prog");
  std::ofstream(folder + "/regress-0007.prog") << "\n";
  std::ofstream(folder + "/regress-x.prog") << "\n";
  EXPECT_EQ(next_regression(folder), folder + "/regress-0008.prog");
}

TEST(CorpusCommand, ImportRefusesWhatPasses) {
  const std::string into = fresh_folder("import");
  testing::internal::CaptureStderr();
  EXPECT_EQ(dispatch({"corpus", "import", "corpus/syscall/getpid_fast.prog", "--into", into}),
            kExitUsage);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("passes on this build"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(into));
}

TEST(CorpusCommand, OneLineForAWordItDoesNotKnow) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(dispatch({"corpus", "merg"}), kExitUsage);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("did you mean 'merge'?"),
            std::string::npos);
}

}  // namespace
}  // namespace throwsplit::fuzz
