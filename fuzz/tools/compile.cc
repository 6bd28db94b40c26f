// `compile`: programs as the bytes that fuzz targets take, one file each, for seed corpora.
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "fuzz/input/encode.h"
#include "fuzz/tools/common.h"

namespace throwsplit::fuzz {

int command_compile(const Arguments& arguments) {
  CLI::App app("Writes each program as bytes to FOLDER, under its name without .prog.",
               "throwsplit compile");
  std::vector<std::string> paths;
  std::string folder;
  app.add_option("FILE", paths, "programs, or folders of .prog files")->required();
  app.add_option("--out", folder, "where the files go; made if it is not there")->required();
  if (const auto code = parse_arguments(app, arguments)) return *code;
  const auto loaded = load_files(paths);
  if (const auto* error = std::get_if<std::string>(&loaded)) return complain(*error);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return complain(folder + ": " + error.message());
  for (const File& file : *std::get_if<std::vector<File>>(&loaded)) {
    const std::string path = folder + "/" + std::filesystem::path(file.path).stem().string();
    const std::vector<std::uint8_t> bytes = encode(file.loaded.program.input);
    std::FILE* out = std::fopen(path.c_str(), "wb");
    if (out == nullptr) return complain(path + ": cannot be written");
    bool written = std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size();
    written = std::fclose(out) == 0 && written;
    if (!written) return complain(path + ": cannot be written");
  }
  return kExitPass;
}

}  // namespace throwsplit::fuzz
