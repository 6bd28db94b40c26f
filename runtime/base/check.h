// CHECK: conditions that hold in every build, printing both sides when they do not.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

#include "runtime/base/flavour.h"
#include "runtime/base/nosplit.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// What a failed check knows. Constant but for the two values.
struct CheckSite {
  const char* text;  // "CHECK_EQ(p->status, Prunning)"
  const char* file;
  uint32_t line;
};

// The name holds "assert" on purpose: crash deduplication then shows the caller's frame.
[[noreturn]] NOSPLIT COLD void check_assert_failed(const CheckSite* site, uint64_t left,
                                                   uint64_t right);

template <typename T>
ALWAYS_INLINE uint64_t check_value(T value) {
  if constexpr (std::is_null_pointer_v<T>) {
    return 0;
  } else if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<uint64_t>(value);
  } else {
    return static_cast<uint64_t>(value);
  }
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR

#define CHECK_OP_(name, op, a, b)                                                             \
  do {                                                                                        \
    auto check_left_ = (a);                                                                   \
    auto check_right_ = (b);                                                                  \
    if (UNLIKELY(!(check_left_ op check_right_))) {                                           \
      static const ::throwsplit::CheckSite check_site_ = {name "(" #a ", " #b ")", __FILE__,  \
                                                          __LINE__};                          \
      ::throwsplit::check_assert_failed(&check_site_, ::throwsplit::check_value(check_left_), \
                                        ::throwsplit::check_value(check_right_));             \
    }                                                                                         \
  } while (0)

#define CHECK_EQ(a, b) CHECK_OP_("CHECK_EQ", ==, a, b)
#define CHECK_NE(a, b) CHECK_OP_("CHECK_NE", !=, a, b)
#define CHECK_LT(a, b) CHECK_OP_("CHECK_LT", <, a, b)
#define CHECK_LE(a, b) CHECK_OP_("CHECK_LE", <=, a, b)
#define CHECK_GT(a, b) CHECK_OP_("CHECK_GT", >, a, b)
#define CHECK_GE(a, b) CHECK_OP_("CHECK_GE", >=, a, b)

#define CHECK(condition)                                                                     \
  do {                                                                                       \
    if (UNLIKELY(!(condition))) {                                                            \
      static const ::throwsplit::CheckSite check_site_ = {"CHECK(" #condition ")", __FILE__, \
                                                          __LINE__};                         \
      ::throwsplit::check_assert_failed(&check_site_, 0, 1);                                 \
    }                                                                                        \
  } while (0)
