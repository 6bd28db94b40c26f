// Atomic operations with the memory order spelled out at every use; there are no defaults.
// SPDX-License-Identifier: Apache-2.0
//
// Why not std::atomic: at -O0 its members become ordinary functions with split checks, and nosplit
// code may call none. These are compiler builtins that vanish into their caller, and
// ThreadSanitizer knows them all the same.
#pragma once

#include "runtime/base/nosplit.h"

namespace throwsplit {

enum Order : int {
  relaxed = __ATOMIC_RELAXED,
  acquire = __ATOMIC_ACQUIRE,
  release = __ATOMIC_RELEASE,
  acq_rel = __ATOMIC_ACQ_REL,
  seq_cst = __ATOMIC_SEQ_CST,
};

template <Order O, typename T>
ALWAYS_INLINE T atomic_load(const T* word) {
  return __atomic_load_n(word, O);
}

template <Order O, typename T>
ALWAYS_INLINE void atomic_store(T* word, T value) {
  __atomic_store_n(word, value, O);
}

template <Order O, typename T>
ALWAYS_INLINE T atomic_exchange(T* word, T value) {
  return __atomic_exchange_n(word, value, O);
}

template <Order O, typename T>
ALWAYS_INLINE T atomic_add(T* word, T delta) {
  return static_cast<T>(__atomic_add_fetch(word, delta, O));
}

// Strong compare-and-swap. A failed one still reads with acquire order or better, so that what the
// loser sees next is what the winner wrote.
template <Order O, typename T>
ALWAYS_INLINE bool atomic_cas(T* word, T expected, T desired) {
  constexpr int failure = O == seq_cst ? __ATOMIC_SEQ_CST : __ATOMIC_ACQUIRE;
  return __atomic_compare_exchange_n(word, &expected, desired, false, O, failure);
}

}  // namespace throwsplit
