// `hash`: the trace hash of each file, for tests that two runs are one and the same.
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/run/run.h"
#include "fuzz/tools/common.h"

namespace throwsplit::fuzz {

int command_hash(const Arguments& arguments) {
  CLI::App app("Prints the trace hash of each file, in the order given.", "throwsplit hash");
  std::vector<std::string> paths;
  bool reverse = false;
  bool json = false;
  app.add_option("FILE", paths, "files, or folders of .prog files")->required();
  app.add_flag("--reverse", reverse, "run them last to first (and print them first to last)");
  app.add_flag("--json", json, "print JSON");
  if (const auto code = parse_arguments(app, arguments)) return *code;
  auto loaded = load_files(paths);
  if (const auto* error = std::get_if<std::string>(&loaded)) return complain(*error);
  const auto& files = *std::get_if<std::vector<File>>(&loaded);

  std::vector<uint64_t> hashes(files.size());
  for (std::size_t i = 0; i < files.size(); i++) {
    const std::size_t at = reverse ? files.size() - 1 - i : i;
    hashes[at] = run(files[at].loaded.program.input).trace_hash;
  }
  nlohmann::json result = nlohmann::json::object();
  for (std::size_t i = 0; i < files.size(); i++) {
    result[files[i].path] = hex_of(hashes[i]);
    if (!json) printf("%s %s\n", hex_of(hashes[i]).c_str(), files[i].path.c_str());
  }
  if (json) printf("%s\n", result.dump(2).c_str());
  return kExitPass;
}

}  // namespace throwsplit::fuzz
