// Text for the last moments of a program: a fixed buffer, no heap, no locale, no stdio.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/base/flavour.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// Marks a number that is to be printed in base 16.
struct Hex {
  uint64_t value;
};
inline Hex hex(uint64_t value) { return {value}; }
inline Hex hex(const void* pointer) { return {reinterpret_cast<uint64_t>(pointer)}; }

// A line buffer that hands its text to a sink when it fills up and when it dies.
// May not: allocate. Text longer than the buffer comes out in pieces; none of it is lost.
class Printer {
 public:
  using Sink = void (*)(void* context, const char* text, size_t bytes);

  explicit Printer(Sink sink, void* context = nullptr) : sink_(sink), context_(context) {}
  ~Printer() { flush(); }
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;

  Printer& operator<<(const char* text);
  Printer& operator<<(char c);
  Printer& operator<<(bool b) { return *this << (b ? "true" : "false"); }
  Printer& operator<<(unsigned n) { return *this << static_cast<unsigned long>(n); }
  Printer& operator<<(int n) { return *this << static_cast<long>(n); }
  Printer& operator<<(unsigned long n);
  Printer& operator<<(long n);
  Printer& operator<<(unsigned long long n) { return *this << static_cast<unsigned long>(n); }
  Printer& operator<<(long long n) { return *this << static_cast<long>(n); }
  Printer& operator<<(const void* p) { return *this << hex(p); }
  Printer& operator<<(Hex h);
  void write(const char* text, size_t bytes);
  void flush();

 private:
  static constexpr size_t kBufferBytes = 256;
  Sink sink_;
  void* context_;
  size_t used_ = 0;
  char buffer_[kBufferBytes];
};

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
