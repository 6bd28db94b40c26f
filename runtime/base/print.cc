// Text for the last moments of a program: a fixed buffer, no heap, no locale, no stdio.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/print.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

void Printer::flush() {
  if (used_ != 0) sink_(context_, buffer_, used_);
  used_ = 0;
}

void Printer::write(const char* text, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) {
    if (used_ == kBufferBytes) flush();
    buffer_[used_++] = text[i];
  }
}

Printer& Printer::operator<<(char c) {
  write(&c, 1);
  return *this;
}

Printer& Printer::operator<<(const char* text) {
  if (text == nullptr) text = "(nil)";
  size_t bytes = 0;
  while (text[bytes] != 0)
    bytes++;
  write(text, bytes);
  return *this;
}

Printer& Printer::operator<<(unsigned long n) {
  char digits[20];
  size_t at = sizeof digits;
  do {
    digits[--at] = static_cast<char>('0' + n % 10);
    n /= 10;
  } while (n != 0);
  write(digits + at, sizeof digits - at);
  return *this;
}

Printer& Printer::operator<<(long n) {
  if (n >= 0) return *this << static_cast<unsigned long>(n);
  return *this << '-' << (0UL - static_cast<unsigned long>(n));
}

Printer& Printer::operator<<(Hex h) {
  char digits[18];
  size_t at = sizeof digits;
  uint64_t n = h.value;
  do {
    digits[--at] = "0123456789abcdef"[n % 16];
    n /= 16;
  } while (n != 0);
  digits[--at] = 'x';
  digits[--at] = '0';
  write(digits + at, sizeof digits - at);
  return *this;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
