// Names and numbers of points, shared words and operations: the sites of a schedule.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace throwsplit {

enum class Point : uint16_t {
#define POINT(number, name, room, kind, actions, needs, reason) name = number,
#include "runtime/hook/points.def"
#undef POINT
};

enum class PointKind : uint8_t { window, attempt };

struct PointRow {
  Point point;
  const char* name;
  const char* room;
  PointKind kind;
  const char* actions;
  const char* needs;
  const char* reason;
};

inline constexpr PointRow kPoints[] = {
#define POINT(number, name, room, kind, actions, needs, reason) \
  {Point::name, #name, #room, PointKind::kind, actions, #needs, reason},
#include "runtime/hook/points.def"
#undef POINT
};

enum class Field : uint16_t {
#define FIELD(number, identifier, text) identifier = number,
#include "runtime/hook/fields.def"
#undef FIELD
};

struct FieldRow {
  Field field;
  const char* text;
};

inline constexpr FieldRow kFields[] = {
#define FIELD(number, identifier, text) {Field::identifier, text},
#include "runtime/hook/fields.def"
#undef FIELD
};

// What is done to a shared word.
enum class Access : uint8_t { load, store, rmw, plain_load, plain_store };
inline constexpr const char* kAccessNames[] = {"load", "store", "rmw", "plain load", "plain store"};

// A site is a 16-bit number, stable across rebuilds:
//   0x0000 + point          an injection point
//   0x1000 + field*8 + op   an access to a shared word
//   0x4000 + call           a kernel call (the os.h functions the simulator answers)
//   0x8000 + event          a trace event going up
//   0xc000 + row            a legal move of moves.def was made
// From 0x8000 on a site tells what was done; it is no place where another M may run.
using Site = uint16_t;
inline constexpr Site kPointSites = 0x0000;
inline constexpr Site kAccessSites = 0x1000;
inline constexpr Site kCallSites = 0x4000;
inline constexpr Site kEventSites = 0x8000;
inline constexpr Site kMoveSites = 0xc000;

constexpr Site site_of(Point point) { return static_cast<Site>(point); }
constexpr Site site_of(Field field, Access access) {
  return static_cast<Site>(kAccessSites + static_cast<uint16_t>(field) * 8 +
                           static_cast<uint16_t>(access));
}

// What an armed point asks of the runtime, or tells it. The runtime acts; who armed it does not.
enum Action : uint64_t {
  kActNothing = 0,
  kActFail = 1,
  kActPreempt = 2,
  kActStop = 4,  // a stop of the world, by an M of its own
  kActMove = 8,  // the stack of mapped code moves at its next check
};

}  // namespace throwsplit
