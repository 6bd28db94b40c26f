// `throwsplit-chaos`: what is done on real threads.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>
#include <vector>

#include "fuzz/tools/common.h"
#include "fuzz/tools/tools.h"

// The first race is the finding.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options() {
  return "halt_on_error=1";
}

int main(int argc, char** argv) {
  using namespace throwsplit::fuzz;
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty() || words[0] != "stress") {
    return complain("on real threads there is one command: throwsplit stress");
  }
  return command_stress(std::vector<std::string>(words.begin() + 1, words.end()));
}
