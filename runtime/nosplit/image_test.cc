// Broken if this fails: a damaged file is believed, or is refused without saying what is wrong.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/nosplit/image.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <variant>

#include "runtime/nosplit/nosplit.h"

namespace throwsplit::nosplit {
namespace {

std::string good_file() {
  std::ifstream file("corpus/elf/hop.so", std::ios::binary);
  EXPECT_TRUE(file) << "run this test at the root of the sources";
  return {std::istreambuf_iterator<char>(file), {}};
}

std::span<const uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string error_of(const std::string& file) {
  const auto read = read_image(bytes_of(file));
  const auto* error = std::get_if<std::string>(&read);
  return error == nullptr ? "" : *error;
}

// The file with one field of its header changed.
template <typename T>
std::string with(size_t offset, T value) {
  std::string file = good_file();
  memcpy(file.data() + offset, &value, sizeof value);
  return file;
}

TEST(Image, ReadsAGoodFile) {
  const std::string file = good_file();
  const auto read = read_image(bytes_of(file));
  ASSERT_TRUE(std::holds_alternative<Image>(read));
  const Image& image = *std::get_if<Image>(&read);
  EXPECT_FALSE(image.relocatable);
  EXPECT_GE(image.functions.size(), 3u);
  EXPECT_GT(image.code_bytes(), 0u);
  for (const Function& function : image.functions) {
    EXPECT_EQ(image.function_at(function.address), &function);
    EXPECT_NE(image.code_at(function.address), nullptr);
    EXPECT_GT(function.end, function.address);
  }
}

TEST(Image, SaysWhatIsWrong) {
  EXPECT_EQ(error_of(""), "not an ELF file");
  EXPECT_EQ(error_of("#!/bin/sh\nexit 0, and more words"), "not an ELF file");
  EXPECT_EQ(error_of(good_file().substr(0, 40)), "the ELF header is cut short");
  EXPECT_EQ(error_of(with<uint8_t>(EI_CLASS, ELFCLASS32)), "not a 64-bit little-endian ELF file");
  EXPECT_EQ(error_of(with<uint8_t>(EI_DATA, ELFDATA2MSB)), "not a 64-bit little-endian ELF file");
  EXPECT_EQ(error_of(with<uint16_t>(offsetof(Elf64_Ehdr, e_machine), EM_AARCH64)),
            "not for x86-64");
  EXPECT_EQ(error_of(with<uint16_t>(offsetof(Elf64_Ehdr, e_type), ET_CORE)),
            "neither an executable, nor a shared object, nor a relocatable file");
  EXPECT_EQ(error_of(with<uint16_t>(offsetof(Elf64_Ehdr, e_shnum), 0)),
            "it has no section headers (stripped of them?)");
}

TEST(Image, EverySectionEndsWithinTheFile) {
  Elf64_Ehdr header;
  std::string file = good_file();
  memcpy(&header, file.data(), sizeof header);
  const size_t first = header.e_shoff + sizeof(Elf64_Shdr);
  const uint64_t large = UINT64_MAX - 8;
  memcpy(file.data() + first + offsetof(Elf64_Shdr, sh_size), &large, sizeof large);
  EXPECT_EQ(error_of(file), "section 1 ends beyond the file");
}

TEST(Image, AnyLengthIsAReportOrOneLine) {
  const std::string file = good_file();
  const auto rules = parse_rules("limit nosplit 200 -- t\nroot * -- t\nours * -- t\n", "test");
  size_t refused = 0;
  for (size_t bytes = 0; bytes <= file.size(); bytes += 61) {
    const auto checked = check(bytes_of(file.substr(0, bytes)), *std::get_if<Rules>(&rules));
    const auto* error = std::get_if<std::string>(&checked);
    if (error == nullptr) continue;
    refused++;
    EXPECT_FALSE(error->empty());
    EXPECT_EQ(error->find('\n'), std::string::npos) << *error;
  }
  EXPECT_GT(refused, 50u);
}

TEST(Image, FilesThatAreNoneAreToldByName) {
  const auto rules = parse_rules("limit nosplit 200 -- t\n", "test");
  const auto error = [&rules](const std::string& path) {
    const auto checked = check_file(path, *std::get_if<Rules>(&rules));
    const auto* text = std::get_if<std::string>(&checked);
    return text == nullptr ? "" : *text;
  };
  EXPECT_EQ(error("no/such/file"), "no/such/file: No such file or directory");
  EXPECT_EQ(error("corpus"), "corpus: not a regular file");
  EXPECT_EQ(error("README.md"), "README.md: not an ELF file");
  EXPECT_EQ(error("corpus/elf/hop.so"),
            "corpus/elf/hop.so: it has neither a root of test nor a checked function: nothing to "
            "check");
}

}  // namespace
}  // namespace throwsplit::nosplit
