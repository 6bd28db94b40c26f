// If this fails: a term of a fault plan is read, written or folded into something not said.
// SPDX-License-Identifier: Apache-2.0
#include "inject/fail_term.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "inject/fail_term_words.h"

namespace throwsplit::inject {
namespace {

const PointNames kNames{
    [](std::string_view name) -> std::optional<std::uint8_t> {
      if (name == "entersyscall_gcwait") return std::uint8_t{7};
      if (name == "pidleget") return std::uint8_t{37};
      return std::nullopt;
    },
    [](std::uint8_t number) -> std::string {
      return number == 7 ? "entersyscall_gcwait" : number == 37 ? "pidleget" : "";
    },
    [] { return std::vector<std::string>{"entersyscall_gcwait", "pidleget"}; },
};

FailTerm good(std::string_view text) {
  std::size_t at = 0;
  const auto parsed = parse_term(text, at, kNames);
  const auto* error = std::get_if<TextError>(&parsed);
  EXPECT_EQ(error, nullptr) << text << ": " << (error != nullptr ? error->message : "");
  EXPECT_EQ(at, text.size());
  return error != nullptr ? FailTerm{} : *std::get_if<FailTerm>(&parsed);
}

std::string bad(std::string_view text) {
  std::size_t at = 0;
  const auto parsed = parse_term(text, at, kNames);
  const auto* error = std::get_if<TextError>(&parsed);
  if (error == nullptr) return "no error";
  return std::to_string(error->column) + ": " + error->message;
}

TEST(FailTerm, ReadsEachField) {
  FailTerm want;
  want.number = 7;
  want.probability_ppm = 5'000;
  want.count_max = 3;
  want.trigger = Trigger::kEvery;
  want.trigger_n = 4;
  want.action = Action::kSleep;
  want.argument = 50'000;
  EXPECT_EQ(good("entersyscall_gcwait=0.5%3*every(4)sleep(50us)"), want);
  EXPECT_EQ(good("entersyscall_gcwait=every(4)3*0.5%sleep(50us)"), want) << "in any order";
}

TEST(FailTerm, ReadsKernelFaults) {
  const FailTerm term = good("mmap_refused=nth(3)error(ENOMEM)");
  EXPECT_EQ(term.where, Where::kKernel);
  EXPECT_EQ(term.number, static_cast<std::uint8_t>(Fault::kMmapRefused));
  EXPECT_EQ(term.argument, 12u);
  EXPECT_EQ(good("mmap_refused=error(12)").argument, 12u);
  EXPECT_EQ(good("syscall_short=short(16)").argument, 16u);
  EXPECT_EQ(good("timer_early=1%fail").action, Action::kFail);
}

TEST(FailTerm, PrintsCanonically) {
  for (const std::string text :
       {"entersyscall_gcwait=10%sleep(50us)", "pidleget=0.5%3*fail", "pidleget=0.0001%fail",
        "pidleget=nth(3)preempt", "pidleget=0%off", "point_0x12=move", "fault_0xff=late(1ms)",
        "mmap_refused=error(EINTR)", "mmap_refused=error(4095)",
        "futex_spurious_wake=every(7)spurious", "pidleget=action_0x99", "pidleget=stop",
        "futex_late_wake=late(100s)", "syscall_short=short(0)", "pidleget=collect"}) {
    EXPECT_EQ(print_term(good(text), kNames), text);
  }
  EXPECT_EQ(print_term(good("pidleget=100%yield"), kNames), "pidleget=yield");
  EXPECT_EQ(print_term(good("pidleget=5.50%sleep(1000us)"), kNames), "pidleget=5.5%sleep(1ms)");
  EXPECT_EQ(print_term(good("pidleget=off"), {}), "point_0x25=off") << "without names";
}

TEST(FailTerm, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(bad("entersyscall_gcwait=10%slep(50us)"),
            "24: expected an action, found 'slep' (did you mean 'sleep'?)");
  EXPECT_EQ(bad("pidlegt=fail"),
            "1: expected the name of a point or of a kernel fault, found 'pidlegt' "
            "(did you mean 'pidleget'?)");
  EXPECT_EQ(bad(""), "1: expected the name of a point or of a kernel fault, found the end");
  EXPECT_EQ(bad("pidleget"), "9: expected '=', found the end");
  EXPECT_EQ(bad("pidleget=10fail"),
            "12: expected '%' (a probability) or '*' (a count) after the number, found 'fail'");
  EXPECT_EQ(bad("pidleget=101%fail"),
            "10: expected a percentage from 0 to 100 with at most four digits after the point, "
            "found '101'");
  EXPECT_EQ(bad("pidleget=0*fail"), "10: expected a count from 1 to 4294967295, found '0'");
  EXPECT_EQ(bad("pidleget=nth(0)fail"), "14: expected a visit from 1 to 4294967295, found '0'");
  EXPECT_EQ(bad("pidleget=nth(1)every(2)fail"),
            "16: expected one of nth and every a term, found 'every'");
  EXPECT_EQ(bad("pidleget=1%2%fail"), "12: expected one probability a term, found '2'");
  EXPECT_EQ(bad("pidleget=sleep"), "15: expected '(', found the end");
  EXPECT_EQ(bad("pidleget=sleep(50)"),
            "16: expected a time such as 20us, at most 100s, found '50'");
  EXPECT_EQ(bad("pidleget=sleep(101s)"),
            "16: expected a time such as 20us, at most 100s, found '101s'");
  EXPECT_EQ(bad("mmap_refused=error(EWHAT)"),
            "20: expected an errno such as EINTR or a number from 1 to 4095, found 'EWHAT'");
  EXPECT_EQ(bad("mmap_refused=short(3)"),
            "14: expected an action that mmap_refused obeys (off, fail, error), found 'short'");
  EXPECT_EQ(bad("pidleget=short(3)"),
            "10: expected an action that pidleget obeys (off, sleep, yield, fail, preempt, move, "
            "stop, collect), found 'short'");
}

TEST(FailTerm, FoldsToWhatItWouldDo) {
  FailTerm term;
  term.action = Action::kShort;
  term.argument = 7;
  EXPECT_EQ(folded(term).action, Action::kOff) << "a point transfers no bytes";
  EXPECT_EQ(folded(term).argument, 0u);
  term.action = Action{0x63};
  EXPECT_EQ(folded(term).action, Action{0x63}) << "an unknown action keeps its code";
  term.where = Where::kKernel;
  term.number = 0xee;
  term.action = Action::kShort;
  EXPECT_EQ(folded(term).argument, 7u) << "an unknown fault obeys all";
  EXPECT_FALSE(is_valid(FailTerm{.trigger = Trigger::kNth}));
}

TEST(FailTerm, TablesAreSound) {
  std::set<std::string_view> names;
  std::set<std::uint8_t> numbers;
  for (const FaultRow& row : fault_rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(numbers.insert(row.number).second) << row.name;
    EXPECT_TRUE(is_name(row.name));
    for (const ActionRow& action : action_rows()) {
      if ((row.actions & action_bit(action.action)) == 0) continue;
      EXPECT_TRUE(action.at_kernel) << row.name << " obeys " << action.name;
    }
  }
  for (const ActionRow& row : action_rows()) {
    EXPECT_TRUE(row.at_point || row.at_kernel);
    EXPECT_NE(action_bit(row.action), 0u) << row.name;
  }
}

TEST(FailTermWords, Durations) {
  EXPECT_EQ(print_duration(0), "0ns");
  EXPECT_EQ(print_duration(1'500), "1500ns");
  EXPECT_EQ(print_duration(60'000'000'000), "60s");
  EXPECT_EQ(parse_duration("20us"), 20'000u);
  EXPECT_EQ(parse_duration("100s"), kDurationNsMax);
  for (const std::string_view text :
       {"", "20", "us", "20 us", "-1us", "1.5ms", "20usx", "100001ms", "99999999999999999999ns"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(FailTermWords, DecimalsDoNotOverflow) {
  EXPECT_EQ(parse_decimal("18446744073709551615", UINT64_MAX), UINT64_MAX);
  EXPECT_EQ(parse_decimal("18446744073709551616", UINT64_MAX), std::nullopt);
  EXPECT_EQ(parse_decimal("7", 7), 7u);
  EXPECT_EQ(parse_decimal("8", 7), std::nullopt);
  EXPECT_EQ(parse_decimal("0", 0), 0u);
  EXPECT_EQ(parse_decimal("", 7), std::nullopt);
}

TEST(FailTermWords, Guesses) {
  const std::vector<std::string> words = {"sleep", "stop", "preempt"};
  EXPECT_EQ(did_you_mean("slepp", words), " (did you mean 'sleep'?)");
  EXPECT_EQ(did_you_mean("zzz", words), "");
  EXPECT_EQ(did_you_mean(std::string(100'000, 'a'), words), "") << "long words are not compared";
}

}  // namespace
}  // namespace throwsplit::inject
