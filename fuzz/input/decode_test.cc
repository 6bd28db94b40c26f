// If this fails: some bytes are no input, an input changes in a file, or a broken file is believed.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/decode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "fuzz/input/encode.h"
#include "fuzz/input/input.h"
#include "fuzz/input/random_input.h"

namespace throwsplit::fuzz {
namespace {

using Bytes = std::vector<std::uint8_t>;

Op op(OpCode code, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0) {
  return {static_cast<std::uint8_t>(code), {a, b, c}};
}

Input example() {
  Input input;
  input.config = {3, false, 17, 0x80000001};
  input.bodies.resize(2);
  input.bodies[0].ops = {op(OpCode::kSpawn, 1), op(OpCode::kStw, 3), {0x77, {}}};
  input.bodies[1].ops = {op(OpCode::kCall, 512), op(OpCode::kRead, 0, 0, 16), op(OpCode::kRet)};
  inject::FailTerm term;
  term.number = 7;
  term.action = inject::Action::kPreempt;
  input.plan.terms = {term};
  input.schedule.rows = {{3, 3, 2}, {0xffff, 0xffffffff, 0xff}};
  input.schedule.strategy = Strategy::kRandom;
  input.schedule.seed = 42;
  input.schedule.choice_bytes = {1, 2, 3};
  return input;
}

// The strict reader's error, "" if it has none.
std::string error_of(const Bytes& bytes) {
  const auto decoded = decode_file(bytes);
  const auto* error = std::get_if<DecodeError>(&decoded);
  return error == nullptr ? "" : std::to_string(error->offset) + ": " + error->message;
}

TEST(Decode, FileAndRawFormKeepTheInput) {
  const Input input = example();
  ASSERT_TRUE(is_valid(input));
  EXPECT_EQ(decode(encode(input)), input);
  EXPECT_EQ(decode(encode_raw(input)), input);
  EXPECT_EQ(decode(encode(Input{})), Input{});
  EXPECT_EQ(encode(Input{}).size(), kEncodedBytesMin);
  EXPECT_EQ(error_of(encode(input)), "");
}

TEST(Decode, NothingIsTheDefault) { EXPECT_EQ(decode({}), Input{}); }

TEST(Decode, AnyBytesAreAnInput) {
  Dice dice(3);
  for (int round = 0; round < 200'000; round++) {
    const Bytes bytes = random_bytes(dice);
    const Input input = decode(bytes);
    ASSERT_TRUE(is_valid(input));
    const Bytes encoded = encode(input);
    ASSERT_EQ(decode(encoded), input);
    ASSERT_EQ(decode(encode_raw(input)), input);
    const auto strict = decode_file(encoded);
    ASSERT_NE(std::get_if<Input>(&strict), nullptr) << error_of(encoded);
    // What the strict reader accepts, both read alike.
    const auto damaged = decode_file(bytes);
    if (const Input* accepted = std::get_if<Input>(&damaged)) {
      ASSERT_EQ(*accepted, input);
    }
  }
}

TEST(Decode, LimitsHold) {
  Bytes ops(7, 0);  // config
  ops.insert(ops.end(), 100'000, 0x29);
  EXPECT_EQ(op_count(decode(ops)), kOpsMax);
  Bytes bodies(7, 0);
  bodies.insert(bodies.end(), 1'000, kBodyBreak);
  EXPECT_EQ(decode(bodies).bodies.size(), kBodiesMax);
  Bytes choices = encode_raw(Input{});
  choices.insert(choices.end(), 1 << 20, 0xaa);
  EXPECT_EQ(decode(choices).schedule.choice_bytes.size(), kChoiceBytesMax);
}

TEST(Decode, FoldRepairsAnyInput) {
  Input input;
  input.config = {0, true, 0, 0};
  input.bodies.resize(20);
  input.bodies[3].ops.assign(1'000, {0x12, {9, 9, 99'999}});
  input.bodies[0].ops = {{kBodyBreak, {1, 2, 3}}, {0x77, {1, 2, 3}}};
  input.schedule.rows.resize(1'000, {1, 0, 1});
  input.schedule.choice_bytes.resize(kChoiceBytesMax + 1);
  EXPECT_FALSE(is_valid(input));
  EXPECT_TRUE(is_valid(folded(input)));
  EXPECT_EQ(decode(encode(input)), folded(input));
  input.bodies.clear();
  EXPECT_EQ(folded(input).bodies.size(), 1u);
}

TEST(Decode, UnknownOpsKeepTheirCode) {
  Bytes bytes(7, 0);
  bytes.insert(bytes.end(), {0x77, 0x29, 0xc3});
  const Input input = decode(bytes);
  ASSERT_EQ(input.bodies[0].ops.size(), 3u);
  EXPECT_EQ(input.bodies[0].ops[0], (Op{0x77, {}}));
  EXPECT_EQ(input.bodies[0].ops[2], (Op{0xc3, {}}));
}

TEST(DecodeFile, EveryCutIsSeen) {
  const Bytes whole = encode(example());
  for (std::size_t size = 0; size < whole.size(); size++) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const std::string error = error_of(cut);
    EXPECT_NE(error, "") << size;
    if (size >= 4) {
      EXPECT_NE(error.find("cut short"), std::string::npos) << size << ": " << error;
    }
    EXPECT_TRUE(is_valid(decode(cut))) << size << ": the lenient reader takes it all the same";
  }
}

TEST(DecodeFile, ErrorsSayWhatIsWrong) {
  const Bytes whole = encode(example());
  Bytes bytes = whole;
  bytes[4] = 7;
  EXPECT_EQ(error_of(bytes), "4: version 7 is not known (this build reads 1)");
  EXPECT_EQ(decode(bytes), example()) << "the lenient reader reads it as version 1";
  EXPECT_EQ(error_of({'X'}), "0: expected the magic 'TSPL', found other bytes");
  bytes = whole;
  bytes.push_back(0);
  EXPECT_EQ(error_of(bytes),
            std::to_string(whole.size()) + ": there is more behind the end section");
  bytes.assign(whole.begin(), whole.begin() + 20);
  EXPECT_EQ(error_of(bytes), "17: section program has no length (the file is cut short)");
  bytes.assign(whole.begin(), whole.begin() + 23);
  EXPECT_EQ(error_of(bytes),
            "17: section program says 13 bytes, 1 are left (the file is cut short)");
  bytes = whole;
  bytes.insert(bytes.begin() + 5, whole.begin() + 5, whole.begin() + 17);
  EXPECT_EQ(error_of(bytes), "17: section config is there twice");
  EXPECT_EQ(decode(bytes), example());
}

TEST(DecodeFile, WhatASectionCannotHoldIsSaid) {
  const auto with_program = [](const Bytes& program) {
    Bytes bytes = {'T', 'S', 'P', 'L', 1, 2, 0, 0, 0, 0};
    bytes[6] = static_cast<std::uint8_t>(program.size());
    bytes[7] = static_cast<std::uint8_t>(program.size() >> 8);
    bytes.insert(bytes.end(), program.begin(), program.end());
    bytes.insert(bytes.end(), {0, 0, 0, 0, 0});
    return bytes;
  };
  EXPECT_EQ(error_of(with_program({0x29})), "");
  EXPECT_EQ(error_of(with_program({0x12, 0})), "5: section program is cut short");
  EXPECT_EQ(error_of(with_program(Bytes(257, 0x29))), "5: section program has more than 256 ops");
  EXPECT_EQ(error_of(with_program(Bytes(8, 0xff))), "5: section program has more than 8 bodies");
}

TEST(DecodeFile, UnknownSectionsArePassedOver) {
  Bytes bytes = encode(example());
  const Bytes unknown = {0x63, 3, 0, 0, 0, 9, 9, 9};
  bytes.insert(bytes.begin() + 5, unknown.begin(), unknown.end());
  EXPECT_EQ(error_of(bytes), "");
  EXPECT_EQ(decode(bytes), example());
}

}  // namespace
}  // namespace throwsplit::fuzz
