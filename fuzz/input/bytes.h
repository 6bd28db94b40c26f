// Reading and writing the bytes of an input: past the end everything is 0, and that is remembered.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace throwsplit::fuzz {

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool is_empty() const { return at_ == bytes_.size(); }
  std::size_t left() const { return bytes_.size() - at_; }
  std::size_t at() const { return at_; }
  // Some byte was asked for that was not there.
  bool overran() const { return overran_; }

  std::uint8_t u8() {
    if (is_empty()) {
      overran_ = true;
      return 0;
    }
    return bytes_[at_++];
  }
  // Little-endian, 1 to 8 bytes.
  std::uint64_t little(int count) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; i++)
      value |= std::uint64_t{u8()} << (8 * i);
    return value;
  }
  // The next bytes, fewer if there are not so many.
  std::span<const std::uint8_t> take(std::size_t count) {
    if (count > left()) overran_ = true;
    const auto taken = bytes_.subspan(at_, std::min(count, left()));
    at_ += taken.size();
    return taken;
  }
  std::span<const std::uint8_t> rest() const { return bytes_.subspan(at_); }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool overran_ = false;
};

class ByteWriter {
 public:
  void u8(std::uint64_t value) { bytes_.push_back(static_cast<std::uint8_t>(value)); }
  void little(std::uint64_t value, int count) {
    for (int i = 0; i < count; i++)
      u8(value >> (8 * i));
  }
  void append(std::span<const std::uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  std::vector<std::uint8_t>& bytes() { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace throwsplit::fuzz
