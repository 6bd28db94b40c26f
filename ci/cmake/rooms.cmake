# Reads ci/rooms: the list THROWSPLIT_ROOMS_ALL, and THROWSPLIT_USES_<room> for each room.
# SPDX-License-Identifier: Apache-2.0

set(THROWSPLIT_ROOMS "" CACHE STRING
    "Build only these rooms (such as runtime/base;runtime/trace); empty means all of ci/rooms")

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/ci/rooms")
file(STRINGS "${PROJECT_SOURCE_DIR}/ci/rooms" throwsplit_rows REGEX "^[a-z]")

set(THROWSPLIT_ROOMS_ALL "")
foreach(row IN LISTS throwsplit_rows)
  if(NOT row MATCHES "^([^| ]+) *\\|([^|]*)\\|")
    message(FATAL_ERROR "ci/rooms: a row is `room | uses | doors`, not: ${row}")
  endif()
  set(room "${CMAKE_MATCH_1}")
  string(STRIP "${CMAKE_MATCH_2}" words)
  string(REGEX REPLACE " +" ";" words "${words}")
  set(uses "")
  foreach(word IN LISTS words)
    if(word STREQUAL "*")
      list(APPEND uses ${THROWSPLIT_ROOMS_ALL})
    elseif(word MATCHES "^(.*)/\\*$")
      set(tree "${CMAKE_MATCH_1}")
      foreach(earlier IN LISTS THROWSPLIT_ROOMS_ALL)
        if(earlier STREQUAL tree OR earlier MATCHES "^${tree}/")
          list(APPEND uses "${earlier}")
        endif()
      endforeach()
    elseif(NOT word MATCHES "\\.(h|def)$")
      list(APPEND uses "${word}")
    endif()
  endforeach()
  if(NOT room MATCHES "\\.(h|cc|S|def)$")  # a row for one file is not a room to build
    list(APPEND THROWSPLIT_ROOMS_ALL "${room}")
    set("THROWSPLIT_USES_${room}" "${uses}")
  endif()
endforeach()

# The sources of a room by kind: `library` (all else), `test` (*_test.cc), `bench` (*_bench.cc).
function(throwsplit_sources out room kind)
  set(${out} "" PARENT_SCOPE)
  if(THROWSPLIT_ROOMS AND NOT room IN_LIST THROWSPLIT_ROOMS)
    return()
  endif()
  # No test that the folder exists: a glob of nothing is empty, and sees the folder when it comes.
  file(GLOB sources CONFIGURE_DEPENDS
       "${PROJECT_SOURCE_DIR}/${room}/*.cc" "${PROJECT_SOURCE_DIR}/${room}/*.S")
  if(kind STREQUAL "library")
    list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cc$")
  else()
    list(FILTER sources INCLUDE REGEX "_${kind}\\.cc$")
  endif()
  set(${out} "${sources}" PARENT_SCOPE)
endfunction()
