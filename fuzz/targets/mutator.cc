// libFuzzer's custom mutator and crossover: our own, which know the format.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>

#include "fuzz/input/mutate.h"
#include "fuzz/targets/targets.h"

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t size_max,
                                          unsigned int seed) {
  return throwsplit::fuzz::mutate_bytes(data, size, size_max, seed,
                                        throwsplit::fuzz::target_vocabulary());
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* a, size_t a_size, const uint8_t* b,
                                            size_t b_size, uint8_t* out, size_t size_max,
                                            unsigned int seed) {
  return throwsplit::fuzz::crossover_bytes({a, a_size}, {b, b_size}, out, size_max, seed);
}
