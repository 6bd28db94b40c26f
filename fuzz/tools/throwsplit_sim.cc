// `throwsplit-sim`: the commands, on the simulated kernel.
// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "fuzz/tools/tools.h"

int main(int argc, char** argv) {
  return throwsplit::fuzz::dispatch(std::vector<std::string>(argv + 1, argv + argc));
}
