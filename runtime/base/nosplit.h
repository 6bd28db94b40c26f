// Function attributes the runtime relies on: who may grow a stack, who must stay out of line.
// SPDX-License-Identifier: Apache-2.0
#pragma once

// NOSPLIT: the function has no split check, so it can neither grow, move nor preempt a stack.
// Why on declarations only: gcc 12 rejects the attribute on definitions, in-class bodies and
// lambdas, so a nosplit function is declared in a header with the word and defined plainly.
#define NOSPLIT __attribute__((no_split_stack))

// ALWAYS_INLINE: disappears into its caller at every optimisation level, so that a nosplit caller
// stays nosplit. Needs: no local whose address leaves the function.
#define ALWAYS_INLINE inline __attribute__((always_inline))

#define NOINLINE __attribute__((noinline))
#define COLD __attribute__((cold, noinline))

// PRESERVE_MOST: keeps every register but r11 and those of vectors, so that a call on a way seldom
// taken makes the usual way save none. Only a wish: gcc 12 does not know it. Returns nothing: clang
// 14 keeps rax, too, and the result with it.
#if defined(__has_attribute)
#if __has_attribute(preserve_most)
#define PRESERVE_MOST __attribute__((preserve_most))
#endif
#endif
#if !defined(PRESERVE_MOST)
#define PRESERVE_MOST
#endif

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

// Left out of every sanitizer: code that runs while the sanitizer's idea of the current stack is
// being exchanged, where an instrumented prologue would be booked on the wrong stack.
#if defined(__clang__)
#define NO_SANITIZE                                  \
  __attribute__((disable_sanitizer_instrumentation)) \
  __attribute__((no_sanitize("address", "thread", "undefined")))
#else
#define NO_SANITIZE __attribute__((no_sanitize("address", "thread", "undefined")))
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define THROWSPLIT_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define THROWSPLIT_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define THROWSPLIT_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define THROWSPLIT_TSAN 1
#endif
