// One term of a fault plan: folding, parsing and printing.
// SPDX-License-Identifier: Apache-2.0
//
// Longer than most files: reading, printing and folding share the tables at the top.
#include "inject/fail_term.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inject/fail_term_words.h"

namespace throwsplit::inject {
namespace {

enum class Argument : std::uint8_t { kNone, kDuration, kErrno, kBytes };

struct ActionSpec {
  ActionRow row;
  Argument argument;
};

constexpr bool kAtPoint = true;
constexpr bool kAtBoth = true;
constexpr bool kAtKernel = false;

constexpr ActionSpec kActions[] = {
#define ACTION(code, camel, name, argument, at, doc)               \
  {{Action{code}, name, kAt##at, std::string_view(#at) != "Point", \
    Argument::k##argument != Argument::kNone, doc},                \
   Argument::k##argument},
#include "inject/fail_term.def"
};

constexpr FaultRow kFaults[] = {
#define FAULT(number, camel, name, actions, doc) {number, name, actions, doc},
#include "inject/fault.def"
};

struct ErrnoName {
  std::string_view name;
  std::uint16_t number;
};

// The numbers of Linux on x86-64, written out so that a plan means the same wherever it is read.
constexpr ErrnoName kErrnoNames[] = {
    {"EPERM", 1},   {"ENOENT", 2},    {"EINTR", 4},       {"EIO", 5},
    {"E2BIG", 7},   {"EBADF", 9},     {"EAGAIN", 11},     {"ENOMEM", 12},
    {"EACCES", 13}, {"EFAULT", 14},   {"EBUSY", 16},      {"EEXIST", 17},
    {"EINVAL", 22}, {"ENFILE", 23},   {"EMFILE", 24},     {"EFBIG", 27},
    {"ENOSPC", 28}, {"EPIPE", 32},    {"EDEADLK", 35},    {"ENOSYS", 38},
    {"EPROTO", 71}, {"ENOBUFS", 105}, {"ETIMEDOUT", 110}, {"ECONNREFUSED", 111},
};

const ActionSpec* action_spec(Action action) {
  const auto* at =
      std::ranges::find(kActions, action, [](const ActionSpec& s) { return s.row.action; });
  return at == std::end(kActions) ? nullptr : at;
}

const FaultRow* fault_row(std::uint8_t number) {
  const auto* at = std::ranges::find(kFaults, number, &FaultRow::number);
  return at == std::end(kFaults) ? nullptr : at;
}

// Whether the place named by the term obeys a known action. Numbers without a row obey all.
bool is_obeyed(const FailTerm& term, const ActionSpec& spec) {
  if (term.where == Where::kPoint) return spec.row.at_point;
  if (!spec.row.at_kernel) return false;
  const FaultRow* fault = fault_row(term.number);
  return fault == nullptr || spec.row.action == Action::kOff || spec.row.action == Action::kFail ||
         (fault->actions & action_bit(spec.row.action)) != 0;
}

std::uint64_t folded_argument(Argument argument, std::uint64_t value) {
  switch (argument) {
    case Argument::kNone:     return 0;
    case Argument::kDuration: return value % (kDurationNsMax + 1);
    case Argument::kErrno:    return (value % kErrnoMax == 0) ? kErrnoMax : value % kErrnoMax;
    case Argument::kBytes:    return value % (kShortBytesMax + 1);
  }
  return 0;
}

std::string print_argument(Argument argument, std::uint64_t value) {
  if (argument == Argument::kDuration) return print_duration(value);
  if (argument == Argument::kErrno) {
    const auto* at = std::ranges::find(kErrnoNames, value, &ErrnoName::number);
    if (at != std::end(kErrnoNames)) return std::string(at->name);
  }
  return std::to_string(value);
}

std::optional<std::uint64_t> parse_argument(Argument argument, std::string_view text) {
  if (argument == Argument::kDuration) return parse_duration(text);
  if (argument == Argument::kBytes) return parse_decimal(text, kShortBytesMax);
  const auto* at = std::ranges::find(kErrnoNames, text, &ErrnoName::name);
  if (at != std::end(kErrnoNames)) return at->number;
  const auto number = parse_decimal(text, kErrnoMax);
  return number == 0u ? std::nullopt : number;
}

std::string_view argument_words(Argument argument) {
  switch (argument) {
    case Argument::kNone:     return "";
    case Argument::kDuration: return "a time such as 20us, at most 100s";
    case Argument::kErrno:    return "an errno such as EINTR or a number from 1 to 4095";
    case Argument::kBytes:    return "a number of bytes from 0 to 4096";
  }
  return "";
}

// Percent with up to four digits after the point, as parts per million.
std::optional<std::uint32_t> parse_percent(std::string_view text) {
  const std::size_t point = text.find('.');
  const auto whole = parse_decimal(text.substr(0, point), 100);
  if (!whole) return std::nullopt;
  std::uint64_t ppm = *whole * 10'000;
  if (point != std::string_view::npos) {
    std::string digits(text.substr(point + 1));
    if (digits.empty() || digits.size() > 4) return std::nullopt;
    digits.resize(4, '0');
    const auto parts = parse_decimal(digits, 9'999);
    if (!parts) return std::nullopt;
    ppm += *parts;
  }
  if (ppm > kPpmMax) return std::nullopt;
  return static_cast<std::uint32_t>(ppm);
}

std::string print_percent(std::uint32_t ppm) {
  std::string text = std::to_string(ppm / 10'000);
  if (ppm % 10'000 != 0) {
    std::string digits = std::to_string(10'000 + ppm % 10'000).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text + "%";
}

std::string print_place(const FailTerm& term, const PointNames& names) {
  if (term.where == Where::kKernel) {
    const FaultRow* row = fault_row(term.number);
    return row != nullptr ? std::string(row->name) : print_numbered("fault_0x", term.number);
  }
  if (names.name_of && names.number_of) {
    std::string name = names.name_of(term.number);
    const bool is_ours = std::ranges::find(kFaults, name, &FaultRow::name) == std::end(kFaults);
    if (is_name(name) && is_ours && names.number_of(name) == term.number) return name;
  }
  return print_numbered("point_0x", term.number);
}

// Reads one term from left to right; the first thing that does not fit becomes the error.
class TermParser {
 public:
  TermParser(std::string_view text, std::size_t at, const PointNames& names)
      : text_(text), at_(at), names_(names) {}

  bool run() { return place() && modifiers() && action(); }
  std::size_t at() const { return at_; }
  const FailTerm& term() const { return term_; }
  TextError error() && { return std::move(error_); }

 private:
  bool place();
  bool modifiers();
  bool percent_or_count();
  bool trigger(Trigger trigger);
  bool action();
  bool argument(const ActionSpec& spec);

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  std::string_view run_of(bool (*belongs)(char)) const {
    std::size_t end = at_;
    while (end < text_.size() && belongs(text_[end]))
      end++;
    return text_.substr(at_, end - at_);
  }
  static bool in_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == ':';
  }
  static bool in_number(char c) { return (c >= '0' && c <= '9') || c == '.'; }
  static bool in_argument(char c) { return c != ')' && c != ';' && c != '(' && c != ' '; }

  std::optional<std::uint8_t> resolved(std::string_view word) const {
    return names_.number_of && is_name(word) ? names_.number_of(word) : std::nullopt;
  }
  std::string found() const {
    if (at_ >= text_.size()) return "the end";
    const std::string_view word = run_of(in_word);
    return "'" + std::string(word.empty() ? text_.substr(at_, 1) : word) + "'";
  }
  bool fail(std::string_view expected, std::string_view hint = "") {
    error_ = {at_ + 1, "expected " + std::string(expected) + ", found " + found()};
    error_.message += hint;
    return false;
  }
  bool expect(char c) {
    if (peek() != c) return fail(std::string("'") + c + "'");
    at_++;
    return true;
  }

  std::string_view text_;
  std::size_t at_;
  const PointNames& names_;
  FailTerm term_;
  TextError error_;
  bool has_percent_ = false;
};

bool TermParser::place() {
  const std::string_view word = run_of(in_word);
  if (const auto* row = std::ranges::find(kFaults, word, &FaultRow::name);
      row != std::end(kFaults)) {
    term_.where = Where::kKernel;
    term_.number = row->number;
  } else if (const auto number = resolved(word)) {
    term_.number = *number;
  } else if (const auto fault = parse_numbered(word, "fault_0x", 0xff)) {
    term_.where = Where::kKernel;
    term_.number = static_cast<std::uint8_t>(*fault);
  } else if (const auto point = parse_numbered(word, "point_0x", 0xff)) {
    term_.number = static_cast<std::uint8_t>(*point);
  } else {
    std::vector<std::string> known;
    if (names_.all) known = names_.all();
    for (const FaultRow& fault_row : kFaults)
      known.emplace_back(fault_row.name);
    return fail("the name of a point or of a kernel fault", did_you_mean(word, known));
  }
  at_ += word.size();
  return expect('=');
}

bool TermParser::modifiers() {
  for (;;) {
    if (peek() >= '0' && peek() <= '9') {
      if (!percent_or_count()) return false;
      continue;
    }
    const std::string_view word = run_of(in_word);
    if (word != "nth" && word != "every") return true;
    if (!trigger(word == "nth" ? Trigger::kNth : Trigger::kEvery)) return false;
  }
}

bool TermParser::percent_or_count() {
  const std::string_view number = run_of(in_number);
  const std::size_t behind = at_ + number.size();
  const char unit = behind < text_.size() ? text_[behind] : '\0';
  if (unit == '%') {
    const auto ppm = parse_percent(number);
    if (has_percent_) return fail("one probability a term");
    if (!ppm) return fail("a percentage from 0 to 100 with at most four digits after the point");
    has_percent_ = true;
    term_.probability_ppm = *ppm;
  } else if (unit == '*') {
    const auto count = parse_decimal(number, UINT32_MAX);
    if (term_.count_max != 0) return fail("one count a term");
    if (!count || *count == 0) return fail("a count from 1 to 4294967295");
    term_.count_max = static_cast<std::uint32_t>(*count);
  } else {
    at_ = behind;
    return fail("'%' (a probability) or '*' (a count) after the number");
  }
  at_ = behind + 1;
  return true;
}

bool TermParser::trigger(Trigger trigger) {
  if (term_.trigger != Trigger::kAlways) return fail("one of nth and every a term");
  at_ += trigger == Trigger::kNth ? 3 : 5;
  if (!expect('(')) return false;
  const std::string_view number = run_of(in_number);
  const auto n = parse_decimal(number, UINT32_MAX);
  if (!n || *n == 0) return fail("a visit from 1 to 4294967295");
  at_ += number.size();
  term_.trigger = trigger;
  term_.trigger_n = static_cast<std::uint32_t>(*n);
  return expect(')');
}

bool TermParser::action() {
  const std::string_view word = run_of(in_word);
  const auto* spec =
      std::ranges::find(kActions, word, [](const ActionSpec& s) { return s.row.name; });
  if (spec == std::end(kActions)) {
    const auto code = parse_numbered(word, "action_0x", 0xff);
    if (code && action_spec(Action{static_cast<std::uint8_t>(*code)}) == nullptr) {
      term_.action = Action{static_cast<std::uint8_t>(*code)};
      at_ += word.size();
      return true;
    }
    std::vector<std::string> known;
    for (const ActionSpec& row : kActions)
      known.emplace_back(row.row.name);
    return fail("an action", did_you_mean(word, known));
  }
  if (!is_obeyed(term_, *spec)) {
    std::string obeyed;
    for (const ActionSpec& row : kActions) {
      if (!is_obeyed(term_, row)) continue;
      obeyed += (obeyed.empty() ? "" : ", ") + std::string(row.row.name);
    }
    return fail("an action that " + print_place(term_, names_) + " obeys (" + obeyed + ")");
  }
  term_.action = spec->row.action;
  at_ += word.size();
  return spec->argument == Argument::kNone || argument(*spec);
}

bool TermParser::argument(const ActionSpec& spec) {
  if (!expect('(')) return false;
  const std::string_view text = run_of(in_argument);
  const auto value = parse_argument(spec.argument, text);
  if (!value) return fail(argument_words(spec.argument));
  at_ += text.size();
  term_.argument = *value;
  return expect(')');
}

}  // namespace

FailTerm folded(FailTerm term) {
  term.where = Where{static_cast<std::uint8_t>(static_cast<std::uint8_t>(term.where) & 1)};
  term.probability_ppm %= kPpmMax + 1;
  term.trigger = Trigger{static_cast<std::uint8_t>(static_cast<std::uint8_t>(term.trigger) % 3)};
  if (term.trigger == Trigger::kAlways) term.trigger_n = 0;
  if (term.trigger != Trigger::kAlways && term.trigger_n == 0) term.trigger_n = 1;
  const ActionSpec* spec = action_spec(term.action);
  if (spec != nullptr && !is_obeyed(term, *spec)) {
    term.action = Action::kOff;
    spec = action_spec(term.action);
  }
  term.argument = spec == nullptr ? 0 : folded_argument(spec->argument, term.argument);
  return term;
}

OrTextError<FailTerm> parse_term(std::string_view text, std::size_t& at, const PointNames& names) {
  TermParser parser(text, at, names);
  if (!parser.run()) return std::move(parser).error();
  at = parser.at();
  return parser.term();
}

std::string print_term(const FailTerm& term, const PointNames& names) {
  std::string text = print_place(term, names) + "=";
  if (term.probability_ppm != kPpmMax) text += print_percent(term.probability_ppm);
  if (term.count_max != 0) text += std::to_string(term.count_max) + "*";
  if (term.trigger != Trigger::kAlways) {
    text += term.trigger == Trigger::kNth ? "nth(" : "every(";
    text += std::to_string(term.trigger_n) + ")";
  }
  const ActionSpec* spec = action_spec(term.action);
  if (spec == nullptr) {
    return text + print_numbered("action_0x", static_cast<std::uint8_t>(term.action));
  }
  text += spec->row.name;
  if (spec->argument != Argument::kNone) {
    text += "(" + print_argument(spec->argument, term.argument) + ")";
  }
  return text;
}

std::span<const FaultRow> fault_rows() { return kFaults; }

std::span<const ActionRow> action_rows() {
  static const auto rows = [] {
    std::array<ActionRow, std::size(kActions)> all{};
    for (std::size_t i = 0; i < all.size(); i++)
      all[i] = kActions[i].row;
    return all;
  }();
  return rows;
}

}  // namespace throwsplit::inject
