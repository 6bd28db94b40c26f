// Broken if this fails: the checker passes a chain that is too deep, or refuses one that fits.
// SPDX-License-Identifier: Apache-2.0
//
// Every case is assembled for real and checked as an object, some also linked. The budgets: nosplit
// 200, check 120, small 256, reserve 1000, system 300 bytes; what is foreign takes 500. A tripped
// check takes 8 for its call and 16 of __morestack.
#include "runtime/nosplit/tiny.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <variant>

#include "runtime/nosplit/nosplit.h"

namespace throwsplit::nosplit {

namespace {

constexpr const char* kRules = R"(
check __morestack %fs:0x70 -- test
limit nosplit 200 -- test
limit check 120 -- test
limit small 256 -- test
limit reserve 1000 -- test
limit system 300 -- test
foreign 500 -- test
theirs foreign* -- test
ours * -- test
hop hopper -- test
)";

std::string rules_of(const TinyCase& tiny) {
  // A case's own rules first: of two that fit, the first counts.
  std::string rules;
  for (const std::string& rule : tiny.rules)
    rules += rule + "\n";
  rules += kRules;
  for (const std::string& function : tiny.functions) {
    const std::vector<std::string> words = words_of(function);
    if (words[0] == "root") rules += "root " + words[1] + " -- test\n";
  }
  return rules;
}

Report check_text(const std::string& elf, const TinyCase& tiny) {
  auto rules = parse_rules(rules_of(tiny), "test.rules");
  if (auto* error = std::get_if<std::string>(&rules)) {
    ADD_FAILURE() << *error;
    return {};
  }
  auto report = check({reinterpret_cast<const uint8_t*>(elf.data()), elf.size()},
                      *std::get_if<Rules>(&rules));
  if (auto* error = std::get_if<std::string>(&report)) {
    ADD_FAILURE() << *error;
    return {};
  }
  return *std::get_if<Report>(&report);
}

int64_t height_of(const Report& report, const std::string& function) {
  for (const Measured& measured : report.measured) {
    if (measured.function == function) return measured.bytes;
  }
  return -1;
}

bool has_word(const std::string& text, const std::string& word) {
  for (size_t at = 0; (at = text.find(word, at)) != std::string::npos; at++) {
    const bool begins = at == 0 || isalnum(static_cast<unsigned char>(text[at - 1])) == 0;
    const size_t end = at + word.size();
    if (begins && (end == text.size() || isalnum(static_cast<unsigned char>(text[end])) == 0)) {
      return true;
    }
  }
  return false;
}

// How many findings agree with a verdict.
size_t count(const Report& report, const std::vector<std::string>& verdict) {
  size_t agreeing = 0;
  for (const Finding& finding : report.findings) {
    if (kind_name(finding.kind) != verdict[0]) continue;
    if (verdict[0] == "over") {
      const bool is_it = finding.text.starts_with(verdict[1] + " ") &&
                         -finding.chain.headroom() == std::stoll(verdict[2]);
      EXPECT_EQ(finding.chain.steps.back().total, finding.chain.bytes);
      agreeing += is_it;
    } else {
      agreeing += has_word(finding.text, verdict.at(1));
    }
  }
  return agreeing;
}

void expect_verdicts(const TinyCase& tiny, const Report& report) {
  size_t told = 0;
  for (const std::string& line : tiny.verdicts) {
    const std::vector<std::string> verdict = words_of(line);
    if (verdict[0] == "=") {
      EXPECT_EQ(height_of(report, verdict[1]), std::stoll(verdict[2])) << line;
    } else if (verdict[0] != "ok") {
      const size_t agreeing = count(report, verdict);
      EXPECT_GE(agreeing, 1u) << line;
      told += agreeing;
    }
  }
  EXPECT_EQ(report.findings.size(), told) << report_text(report, "case");
}

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/throwsplit-tiny-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path << ": run this test at the root of the sources";
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Tiny, EveryCaseHasItsVerdict) {
  const std::vector<TinyCase> cases = tiny_cases(file_text("runtime/nosplit/tiny_cases.txt"));
  Folder folder;
  size_t passing = 0;
  size_t exact = 0;
  size_t number = 0;
  for (const TinyCase& tiny : cases) {
    ASSERT_FALSE(tiny.verdicts.empty()) << tiny.title;
    number++;
    for (bool linked : {false, true}) {
      SCOPED_TRACE(tiny.title + (linked ? " (linked)" : " (object)"));
      // Unwind data are read of linked files only; of the others, linking every third is enough.
      const bool needs_unwind = tiny.functions[0].find(" lie") != std::string::npos;
      if (linked ? number % 3 != 0 && !needs_unwind : needs_unwind) continue;
      expect_verdicts(tiny,
                      check_text(tiny_object(tiny_assembly(tiny), folder.path(), linked), tiny));
    }
    for (const std::string& verdict : tiny.verdicts) {
      passing += verdict.find("ok") != std::string::npos;
      exact += verdict.find("= ") != std::string::npos || verdict.find("over") != std::string::npos;
    }
  }
  printf("%zu cases, %zu of them pass, %zu figures to the byte\n", cases.size(), passing, exact);
  EXPECT_GE(cases.size(), 60u);
  EXPECT_GE(passing, 20u);
  EXPECT_GE(cases.size() - passing, 20u);
}

}  // namespace
}  // namespace throwsplit::nosplit
