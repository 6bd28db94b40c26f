// Reads just enough of the Itanium ABI's mangling to tell the path of a name.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/nosplit/source_name.h"

#include <cstddef>

namespace throwsplit::nosplit {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

class Mangled {
 public:
  explicit Mangled(std::string_view text) : text_(text) {}

  // <encoding>: a nested name, a local one, or a plain one. False: not understood.
  bool encoding(std::string& out);

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  bool identifier(std::string& out);
  bool component(std::string& out);
  bool skip_arguments();
  void skip_literal();
  void skip_substitution();
  static void append(std::string& out, std::string_view word) {
    if (!out.empty()) out += "::";
    out += word;
  }

  std::string_view text_;
  size_t at_ = 0;
};

bool Mangled::identifier(std::string& out) {
  size_t bytes = 0;
  while (is_digit(peek()) && bytes <= text_.size())
    bytes = bytes * 10 + static_cast<size_t>(text_[at_++] - '0');
  if (bytes == 0 || bytes > text_.size() - at_) return false;
  const std::string_view word = text_.substr(at_, bytes);
  at_ += bytes;
  if (!word.starts_with("_GLOBAL__N")) append(out, word);
  while (take("B")) {  // ABI tags
    std::string tag;
    if (!identifier(tag)) return false;
  }
  return true;
}

// S_, S0_, St, T_: what stands for a name or a type.
void Mangled::skip_substitution() {
  at_++;
  while (is_digit(peek()) || (peek() >= 'A' && peek() <= 'Z'))
    at_++;
  if (!take("_") && is_lower(peek())) at_++;
}

// L <type> <value> E, or L_Z <encoding> E: inside, digits are a value and no length.
void Mangled::skip_literal() {
  int depth = 0;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == 'N') {
      depth++;
      at_++;
    } else if (c == 'E') {
      at_++;
      if (depth-- == 0) return;
    } else if (c == 'S') {
      skip_substitution();
    } else if (depth > 0 && is_digit(c)) {
      std::string unused;
      if (!identifier(unused)) return;
    } else {
      at_++;
    }
  }
}

// Template arguments: to the E that closes the I just taken.
bool Mangled::skip_arguments() {
  int depth = 1;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (is_digit(c)) {
      std::string unused;
      if (!identifier(unused)) return false;
    } else if (c == 'S' || c == 'T') {
      skip_substitution();
    } else if (c == 'L') {
      at_++;
      skip_literal();
    } else {
      depth += c == 'I' || c == 'N' || c == 'F' || c == 'X' || c == 'J' ? 1 : 0;
      depth -= c == 'E' ? 1 : 0;
      at_++;
      if (depth == 0) return true;
    }
  }
  return false;
}

// One part of a nested name. False: this is no part.
bool Mangled::component(std::string& out) {
  if (is_digit(peek())) return identifier(out);
  if (take("L")) return identifier(out);  // internal linkage
  if (take("I")) return skip_arguments();
  if (take("St")) {
    append(out, "std");
    return true;
  }
  if (take("Ul") || take("Ut")) {  // a lambda: to the E, then its number
    append(out, "{lambda}");
    while (at_ < text_.size() && !take("E"))
      at_++;
    while (is_digit(peek()))
      at_++;
    return take("_");
  }
  if ((peek() == 'C' || peek() == 'D') && is_digit(peek(1))) {
    append(out, peek() == 'C' ? "{constructor}" : "{destructor}");
    at_ += 2;
    return true;
  }
  if (peek() == 'S') {
    append(out, "?");
    at_++;
    while (at_ < text_.size() && peek() != '_' && !is_lower(peek()))
      at_++;
    at_++;
    return true;
  }
  if (is_lower(peek()) && is_lower(peek(1))) {
    append(out, "operator " + std::string(text_.substr(at_, 2)));
    at_ += 2;
    return true;
  }
  return false;
}

bool Mangled::encoding(std::string& out) {
  if (take("Z")) {  // local to a function: a lambda, a class; which one, only the symbol tells
    if (!encoding(out)) return false;
    append(out, "{local}");
    return true;
  }
  if (!take("N")) return component(out);
  while (peek() == 'r' || peek() == 'V' || peek() == 'K')
    at_++;
  if (peek() == 'R' || peek() == 'O') at_++;
  while (at_ < text_.size() && !take("E")) {
    if (!component(out)) return !out.empty();
  }
  return !out.empty();
}

}  // namespace

std::string source_name(std::string_view symbol) {
  if (!symbol.starts_with("_Z")) return std::string(symbol);
  std::string out;
  const std::string_view whole = symbol.substr(0, symbol.find('.'));  // .cold, .part.0
  if (!Mangled(whole.substr(2)).encoding(out) || out.empty()) return std::string(symbol);
  return out + std::string(symbol.substr(whole.size()));
}

bool matches(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0;
  size_t star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      p++;
      t++;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    p++;
  return p == pattern.size();
}

}  // namespace throwsplit::nosplit
