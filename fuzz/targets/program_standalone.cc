// Inputs of the targets that run programs, where there is no engine: texts or bytes.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/encode.h"
#include "fuzz/input/load.h"
#include "fuzz/input/mutate.h"
#include "fuzz/report/names.h"
#include "fuzz/targets/finding.h"
#include "fuzz/targets/standalone.h"
#include "fuzz/targets/targets.h"

namespace throwsplit::fuzz {

std::variant<Bytes, std::string> standalone_load(const std::string& path) {
  auto loaded = load_file(path, site_names());
  if (const auto* why = std::get_if<std::string>(&loaded)) return *why;
  return encode(std::get_if<Loaded>(&loaded)->program.input);
}

std::size_t standalone_mutate(std::uint8_t* data, std::size_t size, std::size_t size_max,
                              std::uint64_t seed) {
  return mutate_bytes(data, size, size_max, seed, target_vocabulary());
}

std::size_t standalone_bytes_max() { return 4096; }

void standalone_running(const std::string& path) {
  learn_file(path);
  if (path.empty()) save_crashes();
}

}  // namespace throwsplit::fuzz
