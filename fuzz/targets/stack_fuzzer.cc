// The fuzz target of moving stacks: programs whose goroutines run on mapped stacks, judged as ever.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/decode.h"
#include "fuzz/targets/finding.h"
#include "fuzz/targets/targets.h"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  throwsplit::fuzz::target_programs_are_mapped();
  throwsplit::fuzz::learn_arguments(*argc, *argv);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace throwsplit::fuzz;
  const std::span<const uint8_t> bytes(data, size);
  const Input input = decode(bytes);
  // Native programs are syscall_fuzzer's; bytes say the same to everybody, so none is made over.
  if ((input.config.flags & kFlagMapped) == 0) return -1;
  fuzz_program(input, bytes);
  return 0;
}
