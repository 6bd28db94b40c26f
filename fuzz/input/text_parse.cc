// The text form of an input: parsing, line by line, up to the first thing that does not fit.
// SPDX-License-Identifier: Apache-2.0
//
// Longer than most files: one class, a method a kind of line.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/input/text.h"
#include "inject/plan.h"

namespace throwsplit::fuzz {
namespace {

constexpr std::array<std::string_view, 11> kReserved = {"expect", "procs",    "rescues", "machines",
                                                        "stacks", "checks",   "flags",   "body",
                                                        "faults", "schedule", "choices"};

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

// `#3` behind a blank is an occurrence, no comment.
std::string_view without_comment(std::string_view line) {
  bool is_start = true;
  for (std::size_t i = 0; i < line.size(); i++) {
    if (line[i] == '#') {
      const bool is_number = i + 1 < line.size() && is_digit(line[i + 1]);
      if (is_start || (is_blank(line[i - 1]) && !is_number)) return line.substr(0, i);
    }
    is_start = is_start && is_blank(line[i]);
  }
  return line;
}

struct Word {
  std::string_view text;
  std::size_t column;
};

class ProgramParser {
 public:
  explicit ProgramParser(const SiteNames& names) : names_(names) {}

  bool run(std::string_view text);
  Program program() && { return std::move(program_); }
  ProgramError error() && { return std::move(error_); }

 private:
  enum class Section { kSettings, kBody, kFaults, kSchedule };

  bool line(std::string_view line);
  bool reserved_line(std::string_view word);
  bool expect_line();
  bool rescues_line();
  bool stacks_line();
  bool checks_line();
  bool body_line();
  bool schedule_line();
  bool op_line();
  bool operand(OperandKind kind, std::uint64_t& value);
  bool term_line(std::string_view text);
  bool row_line();
  bool choices_line();
  bool resolve_bodies();
  bool read_title(std::string_view line);
  bool split(std::string_view text);

  // Words of the current line. Each helper takes one or fails at its place.
  bool at_end() const { return next_ == words_.size(); }
  bool end() { return at_end() || fail("the end of the line"); }
  bool word(std::string_view text);
  bool number(std::uint64_t min, std::uint64_t max, std::string_view prefix, std::string_view what,
              std::uint64_t& value);
  bool fail(std::string_view expected, std::string_view hint = "");

  // A body named before its head was seen.
  struct Reference {
    std::size_t body;
    std::size_t op;
    std::size_t operand;
    std::string_view name;
    std::size_t line;
    std::size_t column;
  };

  const SiteNames& names_;
  Program program_;
  ProgramError error_;
  Section section_ = Section::kSettings;
  std::size_t line_number_ = 0;
  std::vector<Word> words_;
  std::size_t next_ = 0;
  std::size_t end_column_ = 1;
  bool title_is_open_ = true;
  std::array<bool, kReserved.size()> seen_{};
  std::array<bool, kBodiesMax> body_seen_{};
  std::size_t body_ = 0;
  std::size_t ops_ = 0;
  std::vector<Reference> references_;
};

bool ProgramParser::run(std::string_view text) {
  program_.body_names.resize(1);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!one.empty() && one.back() == '\r') one.remove_suffix(1);
    line_number_++;
    if (!line(one)) return false;
  }
  if (!resolve_bodies()) return false;
  while (!program_.body_names.empty() && program_.body_names.back().empty()) {
    program_.body_names.pop_back();
  }
  while (!program_.title.empty() && program_.title.back() == '\n')
    program_.title.pop_back();
  return true;
}

bool ProgramParser::line(std::string_view line) {
  const std::string_view content = without_comment(line);
  if (!split(line)) return false;
  if (read_title(line)) return true;
  words_.clear();
  split(content);
  if (at_end()) return true;
  const std::string_view first = words_[0].text;
  if (is_reserved_word(first)) return reserved_line(first);
  switch (section_) {
    case Section::kBody:     return op_line();
    case Section::kFaults:   return term_line(content);
    case Section::kSchedule: return row_line();
    case Section::kSettings: break;
  }
  std::vector<std::string> known(kReserved.begin(), kReserved.end());
  return fail("a setting, or a section (body, faults, schedule)",
              inject::did_you_mean(first, known));
}

// True while the line belongs to the comment that the file begins with.
bool ProgramParser::read_title(std::string_view line) {
  if (!title_is_open_) return false;
  const std::string_view text = trimmed(line);
  if (text.empty() && program_.title.empty()) return true;
  title_is_open_ = !text.empty() && text[0] == '#';
  if (!title_is_open_) return false;
  const std::string_view said = trimmed(text.substr(1));
  if (!program_.title.empty()) program_.title += '\n';
  program_.title += said;
  return true;
}

// Fills words_; refuses bytes that are no text.
bool ProgramParser::split(std::string_view text) {
  words_.clear();
  next_ = 0;
  end_column_ = text.size() + 1;
  for (std::size_t i = 0; i < text.size(); i++) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < ' ' && byte != '\t') || byte == 0x7f) {
      error_ = {line_number_, i + 1,
                "expected text, found " + inject::print_numbered("byte 0x", byte)};
      return false;
    }
    if (is_blank(text[i])) continue;
    if (i == 0 || is_blank(text[i - 1])) words_.push_back({text.substr(i, 0), i + 1});
    Word& last = words_.back();
    last.text = text.substr(last.column - 1, i + 2 - last.column);
  }
  return true;
}

bool ProgramParser::reserved_line(std::string_view first) {
  const auto index =
      static_cast<std::size_t>(std::ranges::find(kReserved, first) - kReserved.begin());
  if (std::exchange(seen_[index], true) && first != "body" && first != "choices") {
    return fail("one '" + std::string(first) + "' line in a file");
  }
  if (first == "choices") return choices_line();
  next_++;
  Config& config = program_.input.config;
  std::uint64_t value = 0;
  if (first == "expect") return expect_line();
  if (first == "rescues") return rescues_line();
  if (first == "stacks") return stacks_line();
  if (first == "checks") return checks_line();
  if (first == "body") return body_line();
  if (first == "schedule") return schedule_line();
  if (first == "procs") {
    if (!number(1, kProcsMax, "", "a number from 1 to 8", value)) return false;
    config.procs = static_cast<std::uint8_t>(value);
  } else if (first == "machines") {
    if (!number(1, kMachinesMax, "", "a number from 1 to 64", value)) return false;
    config.max_ms = static_cast<std::uint8_t>(value);
  } else if (first == "flags") {
    if (!number(0, UINT32_MAX, "", "a number from 0 to 4294967295", value)) return false;
    config.flags |= static_cast<std::uint32_t>(value);
  } else {
    section_ = Section::kFaults;
  }
  return end();
}

bool ProgramParser::expect_line() {
  if (!at_end() && words_[next_].text == "pass") {
    next_++;
    program_.expect = "pass";
    return end();
  }
  if (at_end() || words_[next_].text != "finding") return fail("'pass' or 'finding'");
  next_++;
  if (at_end() || !inject::is_name(words_[next_].text)) return fail("an oracle such as O3");
  program_.expect = "finding " + std::string(words_[next_++].text);
  return end();
}

bool ProgramParser::rescues_line() {
  const std::string_view state = at_end() ? "" : words_[next_].text;
  if (state != "on" && state != "off") return fail("'on' or 'off'");
  program_.input.config.rescues = state == "on";
  next_++;
  return end();
}

bool ProgramParser::stacks_line() {
  const std::string_view kind = at_end() ? "" : words_[next_].text;
  if (kind != "native" && kind != "mapped") return fail("'native' or 'mapped'");
  if (kind == "mapped") program_.input.config.flags |= kFlagMapped;
  next_++;
  return end();
}

bool ProgramParser::checks_line() {
  do {
    const std::string_view what = at_end() ? "" : words_[next_].text;
    if (what != "move" && what != "preempt") return fail("'move' or 'preempt'");
    program_.input.config.flags |= what == "move" ? kFlagMoveAtChecks : kFlagPreemptAtChecks;
    next_++;
  } while (!at_end());
  return end();
}

bool ProgramParser::body_line() {
  section_ = Section::kBody;
  std::vector<Body>& bodies = program_.input.bodies;
  const std::string_view name = at_end() ? "" : words_[next_].text;
  std::size_t index = bodies.size();
  if (const auto decimal = inject::parse_decimal(name, kBodiesMax - 1)) {
    index = *decimal;
  } else if (name == "main") {
    index = 0;
  } else if (!inject::is_name(name) || is_reserved_word(name)) {
    return fail("a name, or a number from 0 to 7");
  } else if (std::ranges::find(program_.body_names, name) != program_.body_names.end()) {
    return fail("a new body");
  }
  if (index >= kBodiesMax) return fail("at most 8 bodies");
  if (std::exchange(body_seen_[index], true)) return fail("a new body");
  if (index >= bodies.size()) bodies.resize(index + 1);
  program_.body_names.resize(bodies.size());
  if (index != 0 && !is_digit(name[0])) program_.body_names[index] = name;
  body_ = index;
  next_++;
  return end();
}

bool ProgramParser::op_line() {
  const std::string_view name = words_[0].text;
  const OpRow* row = op_row(name);
  const auto code = row != nullptr ? std::optional<std::uint32_t>(row->code)
                                   : inject::parse_numbered(name, "op_0x", kProgramEnd - 1);
  if (!code) {
    std::vector<std::string> known(kReserved.begin(), kReserved.end());
    for (const OpRow& each : op_rows())
      known.emplace_back(each.name);
    return fail("an op", inject::did_you_mean(name, known));
  }
  Op op;
  op.code = static_cast<std::uint8_t>(*code);
  if (const OpRow* named = op_row(op.code); named != row) {
    return fail("the name of this op, '" + std::string(named->name) + "'");
  }
  if (ops_ == kOpsMax) return fail("at most 256 ops in all bodies");
  ops_++;
  next_++;
  std::vector<Op>& ops = program_.input.bodies[body_].ops;
  for (std::size_t i = 0; row != nullptr && i < kOperandsMax; i++) {
    const OperandKind kind = row->kinds[i];
    if (kind == OperandKind::kNone) continue;
    if (operands_are_led(*row) && kind != OperandKind::kMode && !word(kind_word(kind)))
      return false;
    if (kind == OperandKind::kBody && !at_end() && inject::is_name(words_[next_].text)) {
      const Word& body = words_[next_++];
      references_.push_back({body_, ops.size(), i, body.text, line_number_, body.column});
    } else if (!operand(kind, op.operand[i])) {
      return false;
    }
  }
  ops.push_back(op);
  return end();
}

bool ProgramParser::operand(OperandKind kind, std::uint64_t& value) {
  const std::uint64_t max = operand_max(kind);
  const std::string range = "a number from 0 to " + std::to_string(max);
  switch (kind) {
    case OperandKind::kMode: {
      const std::string_view mode = at_end() ? "" : words_[next_].text;
      if (mode != "fast" && mode != "block") return fail("'fast' or 'block'");
      value = mode == "fast" ? 0 : 1;
      next_++;
      return true;
    }
    case OperandKind::kNs: {
      const auto ns = at_end() ? std::nullopt : inject::parse_duration(words_[next_].text);
      if (!ns) return fail("a time such as 20us, at most 100s");
      value = *ns;
      next_++;
      return true;
    }
    case OperandKind::kGoroutine: return number(0, max, "g", "a goroutine from g0 to g15", value);
    case OperandKind::kBody:      return number(0, max, "", "a body's name, or " + range, value);
    default:                      return number(0, max, "", range, value);
  }
}

bool ProgramParser::term_line(std::string_view text) {
  const std::size_t start = words_[0].column - 1;
  auto parsed = inject::parse_plan(text.substr(start), names_.points);
  if (const auto* error = std::get_if<inject::TextError>(&parsed)) {
    error_ = {line_number_, start + error->column, error->message};
    return false;
  }
  std::vector<inject::FailTerm>& terms = program_.input.plan.terms;
  const inject::Plan& plan = *std::get_if<inject::Plan>(&parsed);
  if (terms.size() + plan.terms.size() > inject::kPlanTermsMax) return fail("at most 64 terms");
  terms.insert(terms.end(), plan.terms.begin(), plan.terms.end());
  return true;
}

bool ProgramParser::schedule_line() {
  section_ = Section::kSchedule;
  Schedule& schedule = program_.input.schedule;
  const std::string_view name = at_end() ? "" : words_[next_].text;
  const auto rows = strategy_rows();
  const auto row = std::ranges::find(rows, name, &StrategyRow::name);
  if (row != rows.end()) {
    schedule.strategy = row->strategy;
  } else if (const auto code = inject::parse_numbered(name, "strategy_0x", 0xff)) {
    schedule.strategy = Strategy{static_cast<std::uint8_t>(*code)};
  } else {
    std::vector<std::string> known;
    for (const StrategyRow& each : rows)
      known.emplace_back(each.name);
    return fail("a strategy", inject::did_you_mean(name, known));
  }
  next_++;
  if (at_end()) return true;
  if (!word("seed")) return false;
  return number(0, std::numeric_limits<std::uint64_t>::max(), "", "a number of 64 bits",
                schedule.seed) &&
         end();
}

bool ProgramParser::row_line() {
  ScheduleRow row;
  const std::string_view name = words_[0].text;
  const bool is_askable = names_.number_of && inject::is_name(name);
  const auto site = is_askable ? names_.number_of(name) : std::nullopt;
  const auto code = inject::parse_numbered(name, "site_0x", 0xffff);
  if (!site && !code) {
    std::vector<std::string> known;
    if (names_.all) known = names_.all();
    return fail("a site, or 'choices'", inject::did_you_mean(name, known));
  }
  row.site = site ? *site : static_cast<std::uint16_t>(*code);
  next_++;
  std::uint64_t value = 0;
  if (!number(1, UINT32_MAX, "#", "an occurrence such as #3, counted from 1", value)) return false;
  row.occurrence = static_cast<std::uint32_t>(value);
  if (!word("->")) return false;
  if (!number(0, 255, "m", "a carrier from m0 to m255", value)) return false;
  row.carrier = static_cast<std::uint8_t>(value);
  if (!end()) return false;
  std::vector<ScheduleRow>& rows = program_.input.schedule.rows;
  if (rows.size() == kRowsMax) {
    next_ = 0;
    return fail("at most 256 rows");
  }
  rows.push_back(row);
  return true;
}

bool ProgramParser::choices_line() {
  if (section_ != Section::kSchedule) return fail("'choices' only in the schedule section");
  next_++;
  const std::string_view digits = at_end() ? "" : words_[next_].text;
  const auto is_hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
  if (digits.empty() || digits.size() % 2 != 0 || !std::ranges::all_of(digits, is_hex)) {
    return fail("pairs of lower-case hex digits");
  }
  std::vector<std::uint8_t>& bytes = program_.input.schedule.choice_bytes;
  if (bytes.size() + digits.size() / 2 > kChoiceBytesMax) return fail("at most 65536 choice bytes");
  const auto nibble = [](char c) { return is_digit(c) ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(nibble(digits[i]) << 4 | nibble(digits[i + 1])));
  }
  next_++;
  return end();
}

bool ProgramParser::resolve_bodies() {
  for (const Reference& reference : references_) {
    const auto& known = program_.body_names;
    const auto at = std::ranges::find(known, reference.name);
    if (at == known.end() && reference.name != "main") {
      error_ = {reference.line, reference.column,
                "expected a body, found '" + std::string(reference.name) + "'" +
                    inject::did_you_mean(reference.name, known)};
      return false;
    }
    const std::size_t index =
        reference.name == "main" ? 0 : static_cast<std::size_t>(at - known.begin());
    program_.input.bodies[reference.body].ops[reference.op].operand[reference.operand] = index;
  }
  return true;
}

bool ProgramParser::word(std::string_view text) {
  if (at_end() || words_[next_].text != text) return fail("'" + std::string(text) + "'");
  next_++;
  return true;
}

bool ProgramParser::number(std::uint64_t min, std::uint64_t max, std::string_view prefix,
                           std::string_view what, std::uint64_t& value) {
  if (at_end() || !words_[next_].text.starts_with(prefix)) return fail(what);
  const auto decimal = inject::parse_decimal(words_[next_].text.substr(prefix.size()), max);
  if (!decimal || *decimal < min) return fail(what);
  value = *decimal;
  next_++;
  return true;
}

bool ProgramParser::fail(std::string_view expected, std::string_view hint) {
  constexpr std::size_t kQuotedMax = 40;
  const std::size_t column = at_end() ? end_column_ : words_[next_].column;
  std::string found = "the end of the line";
  if (!at_end()) {
    const std::string_view text = words_[next_].text;
    found = "'" + std::string(text.substr(0, kQuotedMax));
    found += text.size() > kQuotedMax ? "...'" : "'";
  }
  error_ = {line_number_, column, "expected " + std::string(expected) + ", found " + found};
  error_.message += hint;
  return false;
}

}  // namespace

std::variant<Program, ProgramError> parse(std::string_view text, const SiteNames& names) {
  ProgramParser parser(names);
  if (!parser.run(text)) return std::move(parser).error();
  return std::move(parser).program();
}

std::string describe(const ProgramError& error, std::string_view path) {
  return std::string(path) + ":" + std::to_string(error.line) + ":" + std::to_string(error.column) +
         ": " + error.message;
}

bool is_expectation(std::string_view text) {
  if (text == "pass") return true;
  constexpr std::string_view kFinding = "finding ";
  return text.starts_with(kFinding) && inject::is_name(text.substr(kFinding.size()));
}

bool is_reserved_word(std::string_view word) {
  return std::ranges::find(kReserved, word) != kReserved.end();
}

}  // namespace throwsplit::fuzz
