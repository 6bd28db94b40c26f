// The fuzz target of the stack-budget checker: any bytes are a report or one line of complaint.
// SPDX-License-Identifier: Apache-2.0
// links: runtime/nosplit
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>

#include "runtime/nosplit/nosplit.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) { return 0; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace throwsplit::nosplit;
  // Everything is walked, so that every damage is met.
  static const auto rules = parse_rules(
      "check __morestack %fs:0x70 -- as always\nlimit nosplit 200 -- small\n"
      "limit system 300 -- small\nhop hopper -- as the corpus has it\nroot * -- all\nours * -- "
      "all\n",
      "fuzz.rules");
  const auto checked = check({data, size}, *std::get_if<Rules>(&rules));
  if (const auto* error = std::get_if<std::string>(&checked)) {
    if (error->empty() || error->find('\n') != std::string::npos) abort();
    return 0;
  }
  const auto& report = *std::get_if<Report>(&checked);
  if (report_text(report, "file").empty() || report_json(report, "file").empty()) abort();
  return 0;
}
