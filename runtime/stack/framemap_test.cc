// Broken if this fails: a frame of a moving stack is read by the wrong map, or by a false one.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/stack/framemap.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace throwsplit {
namespace {

class FrameMapsTest : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(framemaps_verify(maps_), nullptr);
    framemaps_free(&maps_);
  }
  // A range with a map every 16 bytes, each of a size of its own.
  FrameCode code(uintptr_t begin, uint32_t count) {
    auto* list = kept_.emplace_back(std::make_unique<std::vector<FrameMap>>()).get();
    for (uint32_t i = 0; i < count; i++)
      list->push_back({.pc = begin + 16 * (i + 1), .bytes = 8 * (i + 1)});
    return {.name = "code",
            .begin = begin,
            .end = begin + 16 * count,
            .maps = list->data(),
            .count = count};
  }
  std::vector<std::unique_ptr<std::vector<FrameMap>>> kept_;
  FrameMaps maps_;
};

TEST_F(FrameMapsTest, FindEachReturnAddressAndNoOther) {
  EXPECT_EQ(framemaps_find(maps_, 0x1010), nullptr);
  std::vector<FrameCode> codes;
  // Neighbours that touch, out of order.
  for (uintptr_t begin : {0x4000, 0x1000, 0x8000, 0x1640, 0x2000}) {
    codes.push_back(code(begin, 100));
    ASSERT_EQ(framemaps_add(&maps_, codes.back()), nullptr);
    ASSERT_EQ(framemaps_verify(maps_), nullptr);
  }
  for (const FrameCode& each : codes) {
    for (uint32_t i = 0; i < each.count; i++) {
      const FrameMap* found = framemaps_find(maps_, each.maps[i].pc);
      EXPECT_EQ(found, &each.maps[i]);
      EXPECT_EQ(framemaps_find(maps_, each.maps[i].pc + 1), nullptr);
      EXPECT_EQ(framemaps_find(maps_, each.maps[i].pc - 1), nullptr);
    }
  }
  EXPECT_EQ(framemaps_find(maps_, 0), nullptr);
  EXPECT_EQ(framemaps_find(maps_, 0x4000), nullptr) << "no call ends where its code begins";
  EXPECT_EQ(framemaps_find(maps_, ~uintptr_t{0}), nullptr);
}

TEST_F(FrameMapsTest, RefuseOverlaps) {
  ASSERT_EQ(framemaps_add(&maps_, code(0x1000, 4)), nullptr);
  for (uintptr_t begin : {0x1000, 0x1030, 0xff0, 0xfc1})
    EXPECT_STREQ(framemaps_add(&maps_, code(begin, 4)), "code ranges overlap") << begin;
  EXPECT_STREQ(framemaps_add(&maps_, code(0x800, 400)), "code ranges overlap");
  EXPECT_EQ(framemaps_add(&maps_, code(0x1040, 4)), nullptr);
  EXPECT_EQ(framemaps_add(&maps_, code(0xfc0, 4)), nullptr);
}

TEST_F(FrameMapsTest, RefuseBadFigures) {
  const uint64_t word0 = 1;
  const uint64_t word1 = 2;
  const uint64_t word2 = 4;
  // The map must outlive the table only where it is accepted.
  auto add = [this](const FrameMap& map) {
    FrameCode one = {.name = "", .begin = 0x1000, .end = 0x1010, .maps = &map, .count = 1};
    return framemaps_add(&maps_, one);
  };
  EXPECT_STREQ(add({.pc = 0x1008, .bytes = 0}), "a frame's bytes are no multiple of 8");
  EXPECT_STREQ(add({.pc = 0x1008, .bytes = 20}), "a frame's bytes are no multiple of 8");
  EXPECT_STREQ(add({.pc = 0x1008, .bytes = kFrameBytesMax + 8}), "a frame is larger than 1 MiB");
  EXPECT_STREQ(add({.pc = 0x1000, .bytes = 8}), "a return address is outside its range");
  EXPECT_STREQ(add({.pc = 0x1011, .bytes = 8}), "a return address is outside its range");
  EXPECT_STREQ(add({.pc = 0x1008, .bytes = 16, .stack_words = &word2}),
               "a frame map marks words beyond its frame");
  EXPECT_STREQ(add({.pc = 0x1008, .bytes = 16, .heap_words = &word1}),
               "a frame map marks the return address as a pointer");
  EXPECT_STREQ(add({.pc = 0x1008, .bytes = 16, .stack_words = &word0, .heap_words = &word0}),
               "a frame map marks a word as both kinds of pointer");
  EXPECT_STREQ(framemaps_add(&maps_, {.name = "", .begin = 0x10, .end = 0x10}),
               "a code range is empty");
  EXPECT_STREQ(framemaps_add(&maps_, {.name = "", .begin = 0x10, .end = 0x20}),
               "a code range comes without maps");
  FrameMap twice[] = {{.pc = 0x1008, .bytes = 8}, {.pc = 0x1008, .bytes = 8}};
  EXPECT_STREQ(framemaps_add(
                   &maps_, {.name = "", .begin = 0x1000, .end = 0x1010, .maps = twice, .count = 2}),
               "return addresses are not sorted");
  EXPECT_EQ(maps_.table, nullptr) << "a refusal changed the table";
  const FrameMap good = {.pc = 0x1008, .bytes = 16, .stack_words = &word0, .heap_words = nullptr};
  EXPECT_EQ(add(good), nullptr);
  framemaps_free(&maps_);
}

// A JIT of many small functions, wherever its memory comes from: all are found, and what they cost
// is no square of their number (which would be 2 GB here).
TEST_F(FrameMapsTest, ManySmallRangesInAnyOrder) {
  constexpr uint32_t kRanges = 10'000;
  enum Order { kUp, kDown, kScattered };
  for (const Order order : {kUp, kDown, kScattered}) {
    std::vector<FrameCode> codes;
    for (uint32_t i = 0; i < kRanges; i++) {
      const uint32_t place = order == kUp     ? i
                             : order == kDown ? kRanges - 1 - i
                                              : static_cast<uint32_t>(i * 7919ull % kRanges);
      codes.push_back(code(0x10000 + place * uintptr_t{64}, 1));
      ASSERT_EQ(framemaps_add(&maps_, codes.back()), nullptr);
    }
    ASSERT_STREQ(framemaps_add(&maps_, codes[kRanges / 2]), "code ranges overlap");
    for (const FrameCode& each : codes)
      ASSERT_EQ(framemaps_find(maps_, each.maps[0].pc), each.maps);
    EXPECT_EQ(framemaps_verify(maps_), nullptr);
    EXPECT_LT(framemaps_bytes(maps_), size_t{8} << 20);
    framemaps_free(&maps_);
  }
}

// What lies in the table is its owner's memory; verify sees when he breaks his word.
TEST_F(FrameMapsTest, VerifySeesAMapThatChanged) {
  FrameCode one = code(0x1000, 3);
  ASSERT_EQ(framemaps_add(&maps_, one), nullptr);
  FrameMap& map = (*kept_.back())[1];
  map.bytes = 12;
  EXPECT_STREQ(framemaps_verify(maps_), "a frame's bytes are no multiple of 8");
  map.bytes = 16;
  map.pc = 0x1010;
  EXPECT_STREQ(framemaps_verify(maps_), "return addresses are not sorted");
  map.pc = 0x1020;
}

}  // namespace
}  // namespace throwsplit
