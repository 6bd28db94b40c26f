// The text form of an input: printing.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/input/text.h"
#include "inject/plan.h"

namespace throwsplit::fuzz {
namespace {

constexpr std::size_t kIndentMax = 16;
constexpr std::size_t kChoicesALine = 32;

std::string indent(std::size_t depth) { return std::string(2 * std::min(depth, kIndentMax), ' '); }

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

// Comment lines that parse back to the same title, whatever it holds.
std::string print_title(std::string_view title) {
  std::string clean(title);
  for (char& c : clean) {
    if ((static_cast<unsigned char>(c) < ' ' && c != '\n') || c == '\x7f') c = ' ';
  }
  std::string text;
  std::string_view left = trimmed(clean);
  while (!left.empty()) {
    const std::size_t end = std::min(left.find('\n'), left.size());
    const std::string_view line = trimmed(left.substr(0, end));
    text += line.empty() ? "#\n" : "# " + std::string(line) + "\n";
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return text;
}

// The names that may be printed, by body: unlike each other, like no number and no reserved word.
std::vector<std::string> printable_body_names(const Program& program) {
  std::vector<std::string> names(program.input.bodies.size());
  for (std::size_t i = 0; i < names.size(); i++) {
    names[i] = i == 0 ? "main" : std::to_string(i);
    if (i == 0 || i >= program.body_names.size()) continue;
    const std::string& name = program.body_names[i];
    const auto taken_end = names.begin() + static_cast<std::ptrdiff_t>(i);
    const bool is_taken = std::find(names.begin(), taken_end, name) != taken_end;
    if (inject::is_name(name) && !is_reserved_word(name) && !is_taken) names[i] = name;
  }
  return names;
}

std::string print_operand(OperandKind kind, std::uint64_t value,
                          const std::vector<std::string>& bodies) {
  const std::string digits = std::to_string(value);
  switch (kind) {
    case OperandKind::kMode:      return value == 0 ? "fast" : "block";
    case OperandKind::kNs:        return inject::print_duration(value);
    case OperandKind::kGoroutine: return "g" + digits;
    case OperandKind::kBody:      return value < bodies.size() ? bodies[value] : digits;
    default:                      return digits;
  }
}

std::string print_op(const Op& op, const std::vector<std::string>& bodies) {
  const OpRow* row = op_row(op.code);
  if (row == nullptr) return inject::print_numbered("op_0x", op.code);
  std::string text(row->name);
  const bool is_led = operands_are_led(*row);
  for (std::size_t i = 0; i < kOperandsMax; i++) {
    const OperandKind kind = row->kinds[i];
    if (kind == OperandKind::kNone) continue;
    if (is_led && kind != OperandKind::kMode) text += " " + std::string(kind_word(kind));
    text += " " + print_operand(kind, op.operand[i], bodies);
  }
  return text;
}

std::string print_config(const Config& config) {
  std::string text = "procs " + std::to_string(config.procs) + "\n";
  text += config.rescues ? "rescues on\n" : "rescues off\n";
  if (config.max_ms != Config{}.max_ms) text += "machines " + std::to_string(config.max_ms) + "\n";
  if ((config.flags & kFlagMapped) != 0) text += "stacks mapped\n";
  if ((config.flags & kFlagMoveAtChecks) != 0 || (config.flags & kFlagPreemptAtChecks) != 0) {
    text += "checks";
    if ((config.flags & kFlagMoveAtChecks) != 0) text += " move";
    if ((config.flags & kFlagPreemptAtChecks) != 0) text += " preempt";
    text += "\n";
  }
  const std::uint32_t others = config.flags & ~kFlagsWithWords;
  if (others != 0) text += "flags " + std::to_string(others) + "\n";
  return text;
}

std::string print_bodies(const Program& program) {
  const std::vector<std::string> names = printable_body_names(program);
  std::string text;
  for (std::size_t i = 0; i < names.size(); i++) {
    text += "body " + names[i] + "\n";
    std::size_t depth = 1;
    for (const Op& op : program.input.bodies[i].ops) {
      if (op.code == static_cast<std::uint8_t>(OpCode::kRet) && depth > 1) depth--;
      text += indent(depth) + print_op(op, names) + "\n";
      if (op.code == static_cast<std::uint8_t>(OpCode::kCall)) depth++;
    }
  }
  return text;
}

std::string print_faults(const inject::Plan& plan, const inject::PointNames& names) {
  if (plan.terms.empty()) return "";
  std::string text = "faults\n";
  for (const inject::FailTerm& term : plan.terms) {
    text += indent(1) + inject::print_term(term, names) + "\n";
  }
  return text;
}

std::string print_choices(const std::vector<std::uint8_t>& bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i++) {
    if (i % kChoicesALine == 0) text += (i == 0 ? "" : "\n") + indent(1) + "choices ";
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return text.empty() ? "" : text + "\n";
}

std::string print_schedule(const Schedule& schedule, const SiteNames& names) {
  if (schedule == Schedule{}) return "";
  std::string text = "schedule " + print_strategy(schedule.strategy);
  if (schedule.seed != 0) text += " seed " + std::to_string(schedule.seed);
  text += "\n";
  for (const ScheduleRow& row : schedule.rows) {
    text += indent(1) + print_site(row.site, names) + " #" + std::to_string(row.occurrence) +
            " -> m" + std::to_string(row.carrier) + "\n";
  }
  return text + print_choices(schedule.choice_bytes);
}

}  // namespace

std::string print(const Program& program, const SiteNames& names) {
  std::string text = print_title(program.title);
  if (is_expectation(program.expect)) text += "expect " + program.expect + "\n";
  return text + print_config(program.input.config) + print_bodies(program) +
         print_faults(program.input.plan, names.points) +
         print_schedule(program.input.schedule, names);
}

std::string print(const Input& input, const SiteNames& names) {
  return print(Program{input, "", "", {}}, names);
}

std::string print_op(const Op& op) { return print_op(op, {}); }

std::string print_site(std::uint16_t site, const SiteNames& names) {
  if (names.name_of && names.number_of) {
    std::string name = names.name_of(site);
    if (inject::is_name(name) && !is_reserved_word(name) && names.number_of(name) == site) {
      return name;
    }
  }
  return inject::print_numbered("site_0x", site);
}

std::string print_strategy(Strategy strategy) {
  for (const StrategyRow& row : strategy_rows()) {
    if (row.strategy == strategy) return std::string(row.name);
  }
  return inject::print_numbered("strategy_0x", static_cast<std::uint32_t>(strategy));
}

}  // namespace throwsplit::fuzz
