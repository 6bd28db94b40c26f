// What the unwind data of a file say about depths: a second opinion on the decoded ones.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace throwsplit::nosplit {

class Unwind {
 public:
  // Finds .eh_frame; a file without it, or with a broken one, has no opinion.
  explicit Unwind(std::span<const uint8_t> bytes);
  ~Unwind();
  Unwind(const Unwind&) = delete;
  Unwind& operator=(const Unwind&) = delete;

  // How deep %rsp stands before the instruction at this address; nothing where the data count from
  // another register (with frame pointers they hold no depth).
  std::optional<int64_t> depth_at(uint64_t address);

 private:
  struct Inside;
  Inside* inside_ = nullptr;
};

}  // namespace throwsplit::nosplit
