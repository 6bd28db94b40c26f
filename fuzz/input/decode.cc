// From bytes to an input: one set of section readers under a lenient and a strict walk.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/decode.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/input/bytes.h"

namespace throwsplit::fuzz {
namespace {

// Section readers fill in what they can and return what was wrong, "" if nothing was. The lenient
// walk does not look at that.
using Complaint = std::string_view;

constexpr Complaint kCutShort = "is cut short";

Complaint decode_config(ByteReader& reader, Config& config) {
  const bool is_cut = reader.left() < 7;
  if (!reader.is_empty()) config.procs = static_cast<std::uint8_t>(reader.u8() % kProcsMax + 1);
  if (!reader.is_empty()) config.rescues = (reader.u8() & 1) != 0;
  if (!reader.is_empty()) config.max_ms = static_cast<std::uint8_t>(reader.u8() % kMachinesMax + 1);
  if (!reader.is_empty()) config.flags = static_cast<std::uint32_t>(reader.little(4));
  return is_cut ? kCutShort : "";
}

Op decode_op(std::uint8_t code, ByteReader& reader) {
  Op op;
  op.code = code;
  const OpRow* row = op_row(code);
  if (row == nullptr) return op;
  for (std::size_t i = 0; i < kOperandsMax; i++) {
    op.operand[i] = decode_operand(row->kinds[i], reader);
  }
  return op;
}

Complaint decode_program(ByteReader& reader, std::vector<Body>& bodies) {
  Complaint complaint;
  bodies.assign(1, Body{});
  std::size_t ops = 0;
  while (!reader.is_empty()) {
    const std::uint8_t code = reader.u8();
    if (code == kProgramEnd) break;
    if (code == kBodyBreak) {
      if (bodies.size() < kBodiesMax) {
        bodies.emplace_back();
      } else {
        complaint = "has more than 8 bodies";
      }
      continue;
    }
    const Op op = decode_op(code, reader);
    if (ops == kOpsMax) {
      complaint = "has more than 256 ops";
      continue;
    }
    bodies.back().ops.push_back(op);
    ops++;
  }
  return reader.overran() ? kCutShort : complaint;
}

Complaint decode_faults(ByteReader& reader, inject::Plan& plan) {
  inject::DecodedPlan decoded = inject::decode_plan(reader.rest());
  reader.take(decoded.bytes_read);
  plan = std::move(decoded.plan);
  if (decoded.is_cut) return kCutShort;
  return decoded.is_over_limit ? "has more than 64 terms" : "";
}

// One byte for the first visits: a random row then names a visit that can happen.
std::uint32_t decode_occurrence(ByteReader& reader) {
  const std::uint8_t first = reader.u8();
  if (first < kLongOccurrence) return first + 1u;
  return std::max(static_cast<std::uint32_t>(reader.little(4)), 1u);
}

Complaint decode_schedule(ByteReader& reader, Schedule& schedule) {
  schedule.strategy = Strategy{reader.u8()};
  schedule.seed = reader.little(8);
  const std::uint64_t count = reader.little(2);
  for (std::uint64_t i = 0; i < count % (kRowsMax + 1); i++) {
    if (reader.is_empty()) return kCutShort;
    ScheduleRow row;
    row.site = static_cast<std::uint16_t>(reader.little(2));
    row.occurrence = decode_occurrence(reader);
    row.carrier = reader.u8();
    schedule.rows.push_back(row);
  }
  const auto choices = reader.rest();
  const auto kept = choices.first(std::min(choices.size(), kChoiceBytesMax));
  schedule.choice_bytes.assign(kept.begin(), kept.end());
  if (reader.overran()) return kCutShort;
  if (count > kRowsMax) return "has more than 256 rows";
  return kept.size() < choices.size() ? "has more than 65536 choice bytes" : "";
}

constexpr std::array<std::string_view, 5> kTagNames = {"end", "config", "program", "faults",
                                                       "schedule"};

Complaint decode_section(Tag tag, std::span<const std::uint8_t> payload, Input& input) {
  ByteReader reader(payload);
  switch (tag) {
    case Tag::kEnd:      return payload.empty() ? "" : "is not empty";
    case Tag::kConfig:   return decode_config(reader, input.config);
    case Tag::kProgram:  return decode_program(reader, input.bodies);
    case Tag::kFaults:   return decode_faults(reader, input.plan);
    case Tag::kSchedule: return decode_schedule(reader, input.schedule);
  }
  return "";
}

Input decode_raw(std::span<const std::uint8_t> bytes) {
  Input input;
  ByteReader reader(bytes);
  decode_config(reader, input.config);
  decode_program(reader, input.bodies);
  decode_faults(reader, input.plan);
  decode_schedule(reader, input.schedule);
  return input;
}

std::string section_name(std::uint8_t tag) {
  if (tag < kTagNames.size()) return "section " + std::string(kTagNames[tag]);
  return "section " + std::to_string(tag);
}

// Goes over the sections behind magic and version and returns the first thing that is wrong, if
// anything is; the walk goes on regardless, so that both readers see the same input.
struct Walk {
  ByteReader reader;
  std::size_t offset;  // of reader's first byte in the file
  Input input;
  DecodeError error;  // message "" if nothing was wrong

  void complain(std::size_t at, std::string message) {
    if (error.message.empty()) error = {offset + at, std::move(message)};
  }

  // False behind the last section.
  bool step(std::array<bool, kTagNames.size()>& seen) {
    const std::size_t at = reader.at();
    if (reader.is_empty()) {
      complain(at, "expected a section, found the end (the file is cut short)");
      return false;
    }
    const std::uint8_t tag = reader.u8();
    const auto length = static_cast<std::size_t>(reader.little(4));
    if (reader.overran())
      complain(at, section_name(tag) + " has no length (the file is cut short)");
    if (length > reader.left()) {
      complain(at, section_name(tag) + " says " + std::to_string(length) + " bytes, " +
                       std::to_string(reader.left()) + " are left (the file is cut short)");
    }
    const auto payload = reader.take(length);
    if (tag >= seen.size()) return true;
    if (seen[tag]) {
      complain(at, section_name(tag) + " is there twice");
      return true;
    }
    seen[tag] = true;
    const Complaint complaint = decode_section(Tag{tag}, payload, input);
    if (!complaint.empty()) complain(at, section_name(tag) + " " + std::string(complaint));
    return Tag{tag} != Tag::kEnd;
  }
};

Walk walk_sections(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kHead = std::size(kMagic) + 1;
  Walk walk{ByteReader(bytes.subspan(std::min(kHead, bytes.size()))), kHead, {}, {}};
  std::array<bool, kTagNames.size()> seen{};
  while (walk.step(seen)) {
  }
  if (!walk.reader.is_empty())
    walk.complain(walk.reader.at(), "there is more behind the end section");
  return walk;
}

}  // namespace

bool has_magic(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= std::size(kMagic) &&
         std::equal(std::begin(kMagic), std::end(kMagic), bytes.begin());
}

Input decode(std::span<const std::uint8_t> bytes) {
  return has_magic(bytes) ? walk_sections(bytes).input : decode_raw(bytes);
}

std::variant<Input, DecodeError> decode_file(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kVersionAt = std::size(kMagic);
  if (!has_magic(bytes)) return DecodeError{0, "expected the magic 'TSPL', found other bytes"};
  if (bytes.size() == kVersionAt) {
    return DecodeError{kVersionAt, "expected a version, found the end (the file is cut short)"};
  }
  if (bytes[kVersionAt] != kVersion) {
    return DecodeError{kVersionAt, "version " + std::to_string(bytes[kVersionAt]) +
                                       " is not known (this build reads " +
                                       std::to_string(kVersion) + ")"};
  }
  Walk walk = walk_sections(bytes);
  if (!walk.error.message.empty()) return std::move(walk.error);
  return std::move(walk.input);
}

}  // namespace throwsplit::fuzz
