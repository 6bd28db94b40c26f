// What the checker takes from an ELF file: code, functions, and where calls through tables lead.
// SPDX-License-Identifier: Apache-2.0
//
// Everything points into the bytes the image was read from: they outlive it. In a relocatable file
// each section begins at zero, so the reader gives every section an address of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace throwsplit::nosplit {

struct Section {
  std::string_view name;
  uint64_t address = 0;
  std::span<const uint8_t> bytes;  // empty where the file holds none
  bool is_code = false;

  uint64_t end() const { return address + bytes.size(); }
  bool holds(uint64_t at) const { return at >= address && at < end(); }
};

// A symbol in code. Several names may stand at one address: the first is the one reports use.
struct Function {
  uint64_t address = 0;
  uint64_t end = 0;
  std::vector<std::string_view> names;
};

// Where a call or a jump leads: into this file, or to a name that another file defines.
struct Target {
  uint64_t address = 0;       // 0: not in this file
  std::string_view external;  // not empty: by this name, elsewhere

  bool is_known() const { return address != 0 || !external.empty(); }
};

// A word that is filled in later: an operand in code (relocatable files), or a slot of a table.
struct Fixup {
  uint64_t at = 0;
  Target target;
};

struct Absolute {
  std::string_view name;
  uint64_t value = 0;
};

class Image {
 public:
  bool relocatable = false;
  std::vector<Section> sections;    // by address
  std::vector<Function> functions;  // by address, each address once
  std::vector<Fixup> fixups;        // by place, each place once
  std::vector<Absolute> absolutes;  // symbols that are numbers
  std::span<const uint8_t> bytes;   // the file

  const Section* section_at(uint64_t address) const;
  const Section* code_at(uint64_t address) const;
  // The function that begins here, else null.
  const Function* function_at(uint64_t address) const;
  // The function with the highest address that is not above, else null.
  const Function* function_before(uint64_t address) const;
  // The fixup whose place is within [begin, end), else null.
  const Fixup* fixup_in(uint64_t begin, uint64_t end) const;
  uint64_t code_bytes() const;
};

// Reads an executable, a shared object or a relocatable file; or says in one line what is wrong
// with it. Bounded: time and memory are linear in the size of the file.
std::variant<Image, std::string> read_image(std::span<const uint8_t> bytes);

}  // namespace throwsplit::nosplit
