// A fault plan: its text, its bytes.
// SPDX-License-Identifier: Apache-2.0
#include "inject/plan.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "inject/fail_term.h"

namespace throwsplit::inject {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at]))
    at++;
  return at;
}

void append_little(std::vector<std::uint8_t>& bytes, std::uint64_t value, int count) {
  for (int i = 0; i < count; i++)
    bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t little(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); i++)
    value |= std::uint64_t{bytes[i]} << (8 * i);
  return value;
}

FailTerm decode_term(std::span<const std::uint8_t> record) {
  FailTerm term;
  term.where = Where{static_cast<std::uint8_t>(record[0] & 1)};
  term.number = record[1];
  term.action = Action{record[2]};
  term.trigger = Trigger{static_cast<std::uint8_t>(record[3] % 3)};
  term.probability_ppm = static_cast<std::uint32_t>(little(record.subspan(4, 4)));
  term.count_max = static_cast<std::uint32_t>(little(record.subspan(8, 4)));
  term.trigger_n = static_cast<std::uint32_t>(little(record.subspan(12, 4)));
  term.argument = little(record.subspan(16, 8));
  return folded(term);
}

}  // namespace

Plan folded(Plan plan) {
  if (plan.terms.size() > kPlanTermsMax) plan.terms.resize(kPlanTermsMax);
  for (FailTerm& term : plan.terms)
    term = folded(term);
  return plan;
}

OrTextError<Plan> parse_plan(std::string_view text, const PointNames& names) {
  Plan plan;
  std::size_t at = skip_blanks(text, 0);
  while (at < text.size()) {
    if (plan.terms.size() == kPlanTermsMax) {
      return TextError{at + 1, "expected at most 64 terms, found one more"};
    }
    OrTextError<FailTerm> term = parse_term(text, at, names);
    if (auto* error = std::get_if<TextError>(&term)) return std::move(*error);
    plan.terms.push_back(*std::get_if<FailTerm>(&term));
    at = skip_blanks(text, at);
    if (at == text.size()) break;
    if (text[at] != ';') {
      return TextError{at + 1, std::string("expected ';' or the end, found '") + text[at] + "'"};
    }
    at = skip_blanks(text, at + 1);
  }
  return plan;
}

std::string print_plan(const Plan& plan, const PointNames& names) {
  std::string text;
  for (const FailTerm& term : plan.terms) {
    if (!text.empty()) text += ";";
    text += print_term(term, names);
  }
  return text;
}

std::string describe(const TextError& error, std::string_view source) {
  return std::string(source) + ": column " + std::to_string(error.column) + ": " + error.message;
}

DecodedPlan decode_plan(std::span<const std::uint8_t> bytes) {
  DecodedPlan result;
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (bytes[at] == kPlanEnd) {
      at++;
      break;
    }
    if (bytes.size() - at < kPlanTermBytes) {
      result.is_cut = true;
      at = bytes.size();
      break;
    }
    if (result.plan.terms.size() == kPlanTermsMax) {
      result.is_over_limit = true;
    } else {
      result.plan.terms.push_back(decode_term(bytes.subspan(at, kPlanTermBytes)));
    }
    at += kPlanTermBytes;
  }
  result.bytes_read = at;
  return result;
}

void encode_plan(const Plan& plan, std::vector<std::uint8_t>& bytes) {
  for (const FailTerm& term : plan.terms) {
    bytes.push_back(static_cast<std::uint8_t>(term.where));
    bytes.push_back(term.number);
    bytes.push_back(static_cast<std::uint8_t>(term.action));
    bytes.push_back(static_cast<std::uint8_t>(term.trigger));
    append_little(bytes, term.probability_ppm, 4);
    append_little(bytes, term.count_max, 4);
    append_little(bytes, term.trigger_n, 4);
    append_little(bytes, term.argument, 8);
  }
}

}  // namespace throwsplit::inject
