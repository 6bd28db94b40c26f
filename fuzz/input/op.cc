// The rows of op.def, and how they are found.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/op.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>

namespace throwsplit::fuzz {
namespace {

constexpr OpRow kRows[] = {
#define OP(code, camel, name, kind0, kind1, kind2, needs, doc)            \
  {code,                                                                  \
   name,                                                                  \
   {OperandKind::k##kind0, OperandKind::k##kind1, OperandKind::k##kind2}, \
   Needs::k##needs,                                                       \
   doc},
#include "fuzz/input/op.def"
};

constexpr std::uint8_t kNoRow = 0xff;
static_assert(std::size(kRows) < kNoRow);

// Code to index into kRows: decoding looks up every byte of every input.
constexpr std::array<std::uint8_t, 256> make_index() {
  std::array<std::uint8_t, 256> index{};
  index.fill(kNoRow);
  for (std::size_t i = 0; i < std::size(kRows); i++) {
    index[kRows[i].code] = static_cast<std::uint8_t>(i);
  }
  return index;
}
constexpr std::array<std::uint8_t, 256> kIndex = make_index();

}  // namespace

std::span<const OpRow> op_rows() { return kRows; }

const OpRow* op_row(std::uint8_t code) {
  return kIndex[code] == kNoRow ? nullptr : &kRows[kIndex[code]];
}

const OpRow* op_row(std::string_view name) {
  const auto* at = std::ranges::find(kRows, name, &OpRow::name);
  return at == std::end(kRows) ? nullptr : at;
}

std::string_view kind_word(OperandKind kind) {
  switch (kind) {
    case OperandKind::kNone:       return "";
    case OperandKind::kFrameBytes: return "frame";
    case OperandKind::kNs:         return "time";
    case OperandKind::kCount:      return "count";
    case OperandKind::kPipe:       return "pipe";
    case OperandKind::kBytes:      return "bytes";
    case OperandKind::kBody:       return "body";
    case OperandKind::kGoroutine:  return "goroutine";
    case OperandKind::kMode:       return "mode";
  }
  return "";
}

bool operands_are_led(const OpRow& row) {
  return std::ranges::count_if(row.kinds, [](OperandKind kind) {
           return kind != OperandKind::kNone && kind != OperandKind::kMode;
         }) > 1;
}

}  // namespace throwsplit::fuzz
