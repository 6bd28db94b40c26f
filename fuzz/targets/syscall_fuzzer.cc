// The fuzz target: bytes become a program and a schedule; the run is judged; a finding dies here.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/decode.h"
#include "fuzz/targets/finding.h"
#include "fuzz/targets/targets.h"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  throwsplit::fuzz::learn_arguments(*argc, *argv);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  throwsplit::fuzz::fuzz_program(throwsplit::fuzz::decode(bytes), bytes);
  return 0;
}
