// SHA-1 after FIPS 180-4.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets/sha1.h"

#include <bit>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace throwsplit::fuzz {
namespace {

constexpr std::size_t kBlockBytes = 64;

void take_block(uint32_t (&h)[5], const uint8_t* block) {
  uint32_t w[80];
  for (int i = 0; i < 16; i++) {
    w[i] = uint32_t{block[4 * i]} << 24 | uint32_t{block[4 * i + 1]} << 16 |
           uint32_t{block[4 * i + 2]} << 8 | block[4 * i + 3];
  }
  for (int i = 16; i < 80; i++)
    w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
  for (int i = 0; i < 80; i++) {
    uint32_t f = b ^ c ^ d;
    uint32_t k = i < 40 ? 0x6ed9eba1 : 0xca62c1d6;
    if (i < 20) {
      f = (b & c) | (~b & d);
      k = 0x5a827999;
    } else if (i >= 40 && i < 60) {
      f = (b & c) | (b & d) | (c & d);
      k = 0x8f1bbcdc;
    }
    const uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  h[0] += a;
  h[1] += b;
  h[2] += c;
  h[3] += d;
  h[4] += e;
}

}  // namespace

std::string sha1_hex(std::span<const uint8_t> bytes) {
  std::vector<uint8_t> padded(bytes.begin(), bytes.end());
  padded.push_back(0x80);
  while (padded.size() % kBlockBytes != kBlockBytes - 8)
    padded.push_back(0);
  for (int i = 7; i >= 0; i--)
    padded.push_back(static_cast<uint8_t>(uint64_t{bytes.size()} * 8 >> (8 * i)));
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (std::size_t at = 0; at < padded.size(); at += kBlockBytes)
    take_block(h, &padded[at]);
  char text[41];
  snprintf(text, sizeof text, "%08x%08x%08x%08x%08x", h[0], h[1], h[2], h[3], h[4]);
  return text;
}

}  // namespace throwsplit::fuzz
