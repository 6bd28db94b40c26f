// Inputs of elf_fuzzer where there is no engine: files as they are, damaged at random.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "fuzz/input/dice.h"
#include "fuzz/targets/standalone.h"

namespace throwsplit::fuzz {

std::variant<Bytes, std::string> standalone_load(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return path + ": " + std::strerror(errno);
  Bytes bytes(standalone_bytes_max());
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  std::fclose(file);
  return bytes;
}

// A byte, a word at an edge of its range, a piece copied elsewhere, or the end cut off.
std::size_t standalone_mutate(std::uint8_t* data, std::size_t size, std::size_t size_max,
                              std::uint64_t seed) {
  Dice dice(seed);
  if (size == 0) size = std::min<std::size_t>(size_max, 64 + dice.below(4096));
  const std::size_t at = dice.below(size);
  const std::size_t room = std::min<std::size_t>(size - at, 8);
  switch (dice.below(5)) {
    case 0: data[at] = static_cast<std::uint8_t>(dice.next()); break;
    case 1: data[at] ^= static_cast<std::uint8_t>(1u << dice.below(8)); break;
    case 2: {
      const std::uint64_t edge = (std::uint64_t{1} << dice.below(64)) - dice.below(2);
      std::memcpy(data + at, &edge, room);
      break;
    }
    case 3: std::memmove(data + at, data + dice.below(size - room + 1), room); break;
    default:
      if (dice.below(8) == 0) return at + 1;
  }
  return size;
}

std::size_t standalone_bytes_max() { return std::size_t{64} * 1024; }

// A crash here has no last words: run the file that an engine or this seed names under a debugger.
void standalone_running(const std::string&) {}

}  // namespace throwsplit::fuzz
