// The strategy that reads its answers from the input, a byte a choice: small edits stay small.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "inject/choice.h"

namespace throwsplit::fuzz {

// A byte 0 keeps the running carrier running, or takes the first that can act; b takes the b-th
// answer of a list that is the same whoever wrote the byte: enabled carriers from the one after the
// last, round and round, then waiting ones by number. Once the bytes are used up `rest` answers.
class FromBytes : public inject::Choice {
 public:
  // Needs: the bytes outlive it.
  FromBytes(std::span<const uint8_t> bytes, std::unique_ptr<inject::Choice> rest);

  void begin_run(const inject::RunInfo& info) override;
  uint32_t choose(const inject::Menu& menu) override;
  void finish_run(const inject::RunEnd& end) override;

  size_t bytes_eaten() const { return at_; }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  std::unique_ptr<inject::Choice> rest_;
};

}  // namespace throwsplit::fuzz
