// From an input to its bytes: the sections in order.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/encode.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "fuzz/input/bytes.h"
#include "fuzz/input/decode.h"

namespace throwsplit::fuzz {
namespace {

void encode_config(const Config& config, ByteWriter& writer) {
  writer.u8(config.procs - 1u);
  writer.u8(config.rescues ? 1 : 0);
  writer.u8(config.max_ms - 1u);
  writer.little(config.flags, 4);
}

void encode_program(const std::vector<Body>& bodies, ByteWriter& writer) {
  for (std::size_t i = 0; i < bodies.size(); i++) {
    if (i != 0) writer.u8(kBodyBreak);
    for (const Op& op : bodies[i].ops) {
      writer.u8(op.code);
      const OpRow* row = op_row(op.code);
      for (std::size_t j = 0; row != nullptr && j < kOperandsMax; j++) {
        encode_operand(row->kinds[j], op.operand[j], writer);
      }
    }
  }
}

void encode_faults(const inject::Plan& plan, ByteWriter& writer) {
  inject::encode_plan(plan, writer.bytes());
}

void encode_occurrence(std::uint32_t occurrence, ByteWriter& writer) {
  if (occurrence <= kLongOccurrence) return writer.u8(occurrence - 1);
  writer.u8(kLongOccurrence);
  writer.little(occurrence, 4);
}

void encode_schedule(const Schedule& schedule, ByteWriter& writer) {
  writer.u8(static_cast<std::uint8_t>(schedule.strategy));
  writer.little(schedule.seed, 8);
  writer.little(schedule.rows.size(), 2);
  for (const ScheduleRow& row : schedule.rows) {
    writer.little(row.site, 2);
    encode_occurrence(row.occurrence, writer);
    writer.u8(row.carrier);
  }
  writer.append(schedule.choice_bytes);
}

template <typename Part>
void append_section(Tag tag, void (*encode_part)(const Part&, ByteWriter&), const Part& part,
                    ByteWriter& writer) {
  ByteWriter payload;
  encode_part(part, payload);
  writer.u8(static_cast<std::uint8_t>(tag));
  writer.little(payload.bytes().size(), 4);
  writer.append(payload.bytes());
}

}  // namespace

std::vector<std::uint8_t> encode(const Input& input) {
  const Input valid = folded(input);
  ByteWriter writer;
  writer.append(kMagic);
  writer.u8(kVersion);
  append_section(Tag::kConfig, encode_config, valid.config, writer);
  append_section(Tag::kProgram, encode_program, valid.bodies, writer);
  append_section(Tag::kFaults, encode_faults, valid.plan, writer);
  append_section(Tag::kSchedule, encode_schedule, valid.schedule, writer);
  writer.u8(static_cast<std::uint8_t>(Tag::kEnd));
  writer.little(0, 4);
  return std::move(writer.bytes());
}

std::vector<std::uint8_t> encode_raw(const Input& input) {
  const Input valid = folded(input);
  ByteWriter writer;
  encode_config(valid.config, writer);
  encode_program(valid.bodies, writer);
  writer.u8(kProgramEnd);
  encode_faults(valid.plan, writer);
  writer.u8(inject::kPlanEnd);
  encode_schedule(valid.schedule, writer);
  return std::move(writer.bytes());
}

}  // namespace throwsplit::fuzz
