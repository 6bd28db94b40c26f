// If this fails: a fault plan changes on its way through text or bytes, or bad bytes are refused.
// SPDX-License-Identifier: Apache-2.0
#include "inject/plan.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace throwsplit::inject {
namespace {

Plan good(std::string_view text) {
  const auto parsed = parse_plan(text, {});
  const auto* error = std::get_if<TextError>(&parsed);
  EXPECT_EQ(error, nullptr) << text << ": " << (error != nullptr ? error->message : "");
  return error != nullptr ? Plan{} : *std::get_if<Plan>(&parsed);
}

std::string bad(std::string_view text) {
  const auto parsed = parse_plan(text, {});
  const auto* error = std::get_if<TextError>(&parsed);
  return error == nullptr ? "no error" : describe(*error, "THROWSPLIT_INJECT");
}

TEST(Plan, TextJoinsTerms) {
  const std::string text = "point_0x7=10%sleep(50us);mmap_refused=1%fail;point_0x20=nth(3)preempt";
  EXPECT_EQ(good(text).terms.size(), 3u);
  EXPECT_EQ(print_plan(good(text), {}), text);
  EXPECT_EQ(good(" point_0x7=fail ; \t point_0x8=fail ; "), good("point_0x7=fail;point_0x8=fail"));
  EXPECT_EQ(good(""), Plan{});
  EXPECT_EQ(good("  "), Plan{});
}

TEST(Plan, ErrorsNameSourceAndColumn) {
  EXPECT_EQ(bad("point_0x7=yield;  point_0x8=slep(5us)"),
            "THROWSPLIT_INJECT: column 29: expected an action, found 'slep' "
            "(did you mean 'sleep'?)");
  EXPECT_EQ(bad("point_0x7=yield;;point_0x8=fail"),
            "THROWSPLIT_INJECT: column 17: expected the name of a point or of a kernel fault, "
            "found ';'");
  EXPECT_EQ(bad("point_0x7=yield point_0x8=fail"),
            "THROWSPLIT_INJECT: column 17: expected ';' or the end, found 'p'");
  EXPECT_EQ(bad("point_0x7=yield(5)"),
            "THROWSPLIT_INJECT: column 16: expected ';' or the end, found '('");
}

TEST(Plan, HasALimit) {
  std::string text;
  for (std::size_t i = 0; i < kPlanTermsMax; i++)
    text += "point_0x7=fail;";
  EXPECT_EQ(good(text).terms.size(), kPlanTermsMax);
  EXPECT_EQ(bad(text + "point_0x7=fail"),
            "THROWSPLIT_INJECT: column 961: expected at most 64 terms, found one more");
  Plan plan;
  plan.terms.resize(kPlanTermsMax + 1);
  EXPECT_FALSE(is_valid(plan));
  EXPECT_EQ(folded(plan).terms.size(), kPlanTermsMax);
}

TEST(Plan, BytesStopAtTheEndMark) {
  std::vector<std::uint8_t> bytes;
  encode_plan(good("point_0x7=10%sleep(50us);mmap_refused=error(EAGAIN)"), bytes);
  EXPECT_EQ(bytes.size(), 2 * kPlanTermBytes);
  bytes.push_back(kPlanEnd);
  bytes.push_back(0);
  const DecodedPlan decoded = decode_plan(bytes);
  EXPECT_EQ(decoded.bytes_read, 2 * kPlanTermBytes + 1);
  EXPECT_FALSE(decoded.is_cut);
  EXPECT_EQ(print_plan(decoded.plan, {}), "point_0x7=10%sleep(50us);mmap_refused=error(EAGAIN)");
}

TEST(Plan, BytesTellWhatWasLost) {
  EXPECT_TRUE(decode_plan(std::vector<std::uint8_t>(kPlanTermBytes + 1)).is_cut);
  const auto many = decode_plan(std::vector<std::uint8_t>((kPlanTermsMax + 1) * kPlanTermBytes));
  EXPECT_TRUE(many.is_over_limit);
  EXPECT_EQ(many.plan.terms.size(), kPlanTermsMax);
  EXPECT_EQ(decode_plan({}).bytes_read, 0u);
}

TEST(Plan, AnyBytesAreAPlanThatSurvivesBytesAndText) {
  std::mt19937_64 random(20);
  for (int round = 0; round < 200'000; round++) {
    std::vector<std::uint8_t> bytes(random() % 100);
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(random() % (random() % 2 == 0 ? 32 : 256));
    }
    const Plan plan = decode_plan(bytes).plan;
    ASSERT_TRUE(is_valid(plan));
    std::vector<std::uint8_t> encoded;
    encode_plan(plan, encoded);
    ASSERT_EQ(decode_plan(encoded).plan, plan);
    ASSERT_EQ(good(print_plan(plan, {})), plan) << print_plan(plan, {});
  }
}

TEST(Plan, NoTextBreaksTheParser) {
  std::mt19937_64 random(21);
  const std::string_view pieces[] = {"point_0x7", "=",   "10%",    "3*",   "nth(", ")",
                                     "sleep(",    "5us", "fail",   ";",    " ",    "(",
                                     ".",         "99",  "error(", "EINTR"};
  for (int round = 0; round < 100'000; round++) {
    std::string text;
    for (std::uint64_t i = random() % 12; i > 0; i--) {
      text += random() % 16 == 0 ? std::string(1, static_cast<char>(random()))
                                 : std::string(pieces[random() % std::size(pieces)]);
    }
    const auto parsed = parse_plan(text, {});
    if (const auto* plan = std::get_if<Plan>(&parsed)) {
      ASSERT_TRUE(is_valid(*plan));
      ASSERT_EQ(good(print_plan(*plan, {})), *plan);
    } else {
      ASSERT_LE(std::get_if<TextError>(&parsed)->column, text.size() + 1);
    }
  }
}

}  // namespace
}  // namespace throwsplit::inject
