// Asks libdw for the canonical frame address at a place.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/nosplit/unwind.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libelf.h>

#include <cstdlib>

namespace throwsplit::nosplit {
namespace {

constexpr unsigned kDwarfRsp = 7;
constexpr int64_t kReturnAddressBytes = 8;

}  // namespace

struct Unwind::Inside {
  Elf* elf = nullptr;
  Dwarf_CFI* cfi = nullptr;
};

Unwind::Unwind(std::span<const uint8_t> bytes) : inside_(new Inside) {
  elf_version(EV_CURRENT);
  // libelf asks for a pointer that may be written through, and writes only when told to.
  inside_->elf =
      elf_memory(reinterpret_cast<char*>(const_cast<uint8_t*>(bytes.data())), bytes.size());
  if (inside_->elf != nullptr) inside_->cfi = dwarf_getcfi_elf(inside_->elf);
}

Unwind::~Unwind() {
  if (inside_->cfi != nullptr) dwarf_cfi_end(inside_->cfi);
  if (inside_->elf != nullptr) elf_end(inside_->elf);
  delete inside_;
}

std::optional<int64_t> Unwind::depth_at(uint64_t address) {
  if (inside_->cfi == nullptr) return std::nullopt;
  Dwarf_Frame* frame = nullptr;
  if (dwarf_cfi_addrframe(inside_->cfi, address, &frame) != 0) return std::nullopt;
  Dwarf_Op* ops = nullptr;
  size_t count = 0;
  std::optional<int64_t> depth;
  if (dwarf_frame_cfa(frame, &ops, &count) == 0 && count == 1) {
    // The CFA is what %rsp was before the call that led here.
    if (ops[0].atom == DW_OP_breg0 + kDwarfRsp) {
      depth = static_cast<int64_t>(ops[0].number) - kReturnAddressBytes;
    } else if (ops[0].atom == DW_OP_bregx && ops[0].number == kDwarfRsp) {
      depth = static_cast<int64_t>(ops[0].number2) - kReturnAddressBytes;
    }
  }
  free(frame);
  return depth;
}

}  // namespace throwsplit::nosplit
