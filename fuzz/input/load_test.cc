// If this fails: a file is taken for what it is not, or the error does not help.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/load.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fuzz/input/decode.h"
#include "fuzz/input/encode.h"
#include "fuzz/input/random_input.h"

namespace throwsplit::fuzz {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bytes_of(std::string_view text) { return Bytes(text.begin(), text.end()); }

std::string error_of(const std::variant<Loaded, std::string>& loaded) {
  const auto* error = std::get_if<std::string>(&loaded);
  return error == nullptr ? "" : *error;
}

std::string load_error(const Bytes& bytes, std::string_view path = "file") {
  return error_of(load_bytes(bytes, path, test_names()));
}

class OnDisk : public testing::Test {
 protected:
  std::string write(const Bytes& bytes) {
    const std::string path =
        testing::TempDir() + "throwsplit_load_" + std::to_string(getpid()) + ".prog";
    std::FILE* file = std::fopen(path.c_str(), "wb");
    EXPECT_NE(file, nullptr);
    EXPECT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
    EXPECT_EQ(std::fclose(file), 0);
    return path;
  }
};

TEST(Load, TellsTheFormsApart) {
  EXPECT_EQ(form_of(encode(Input{}), "x.prog"), Form::kFile);
  EXPECT_EQ(form_of(bytes_of("# A title.\n"), "x"), Form::kText);
  EXPECT_EQ(form_of(bytes_of("\n\n  procs 2\n"), "x"), Form::kText);
  EXPECT_EQ(form_of(bytes_of("aaaa"), "x"), Form::kRaw);
  EXPECT_EQ(form_of(bytes_of("aaaa"), "x.prog"), Form::kText);
  EXPECT_EQ(form_of(Bytes{'#', 0}, "x"), Form::kRaw);
}

TEST(Load, ReadsEachForm) {
  Input input;
  input.bodies[0].ops = {{0x29, {}}};
  for (const auto& [bytes, form] :
       {std::pair{encode(input), Form::kFile}, std::pair{encode_raw(input), Form::kRaw},
        std::pair{bytes_of(print(input, {})), Form::kText}}) {
    const auto loaded = load_bytes(bytes, "x", test_names());
    const Loaded* value = std::get_if<Loaded>(&loaded);
    ASSERT_NE(value, nullptr) << error_of(loaded);
    EXPECT_EQ(value->form, form);
    EXPECT_EQ(value->program.input, input);
  }
}

TEST(Load, ErrorsAreOneLineWithThePath) {
  EXPECT_EQ(load_error({}), "file: is empty");
  EXPECT_EQ(load_error(Bytes(kFileBytesMax + 1, 'x')),
            "file: is too large, an input has at most 1 MiB");
  EXPECT_EQ(load_error(bytes_of("TSP")), "file: is cut short within the magic 'TSPL'");
  EXPECT_EQ(load_error(bytes_of("TSPL\7")),
            "file: byte 4: version 7 is not known (this build reads 1)");
  EXPECT_EQ(load_error(bytes_of("TSPL\1")),
            "file: byte 5: expected a section, found the end (the file is cut short)");
  EXPECT_EQ(load_error(bytes_of("# Title.\nprocs two\n")),
            "file:2:7: expected a number from 1 to 8, found 'two'");
  EXPECT_EQ(load_error(bytes_of("hello\n"), "a.prog"),
            "a.prog:1:1: expected a setting, or a section (body, faults, schedule), found 'hello'");
}

TEST(Load, EveryCutFileIsRefusedAndReadableAsAFuzzer) {
  Dice dice(6);
  Input input = decode(random_bytes(dice));
  const Bytes whole = encode(input);
  EXPECT_EQ(load_error(whole), "");
  for (std::size_t size = 0; size < whole.size(); size++) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_NE(load_error(cut), "") << size;
    const auto loaded = load_bytes(cut, "x", test_names(), Reading::kAsFuzzer);
    ASSERT_NE(std::get_if<Loaded>(&loaded), nullptr);
    EXPECT_EQ(std::get_if<Loaded>(&loaded)->program.input, decode(cut));
  }
}

TEST_F(OnDisk, ReadsFiles) {
  const std::string path = write(bytes_of("# T.\nexpect pass\nbody main\n  park\n"));
  const auto loaded = load_file(path, test_names());
  const Loaded* value = std::get_if<Loaded>(&loaded);
  ASSERT_NE(value, nullptr) << error_of(loaded);
  EXPECT_EQ(value->program.title, "T.");
  EXPECT_EQ(value->program.expect, "pass");
  EXPECT_EQ(op_count(value->program.input), 1u);
  std::remove(path.c_str());
}

TEST_F(OnDisk, SaysWhyNot) {
  const std::string path = write({});
  EXPECT_EQ(error_of(load_file(path, {})), path + ": is empty");
  write(Bytes(kFileBytesMax + 10, 0));
  EXPECT_EQ(error_of(load_file(path, {})), path + ": is too large, an input has at most 1 MiB");
  std::remove(path.c_str());
  EXPECT_EQ(error_of(load_file(path, {})), path + ": cannot be opened: No such file or directory");
  EXPECT_EQ(error_of(load_file("/", {})), "/: cannot be read: Is a directory");
}

}  // namespace
}  // namespace throwsplit::fuzz
