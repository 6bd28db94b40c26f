# Installing: libraries, headers, tools, find_package(throwsplit) and pkg-config, from any prefix.
# SPDX-License-Identifier: Apache-2.0
#
# Nothing that is installed as text holds a path of this machine: the config file and the .pc files
# find their prefix from where they stand (ci/package_test moves it and looks). docs/packaging.md
# tells users.

include(CMakePackageConfigHelpers)
set(throwsplit_headers "${CMAKE_INSTALL_INCLUDEDIR}/throwsplit")
set(throwsplit_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/throwsplit")

# The libraries, and what a program that links them is told: include paths, flavour, flags.
set(throwsplit_installed "")
foreach(name runtime chaos sim plain hooked split_stack)
  set_target_properties(throwsplit_${name} PROPERTIES EXPORT_NAME ${name})
  list(APPEND throwsplit_installed throwsplit_${name})
endforeach()
foreach(flavour plain hooked)
  target_include_directories(throwsplit_${flavour} INTERFACE
                             $<INSTALL_INTERFACE:${throwsplit_headers}>)
endforeach()
install(TARGETS ${throwsplit_installed} EXPORT throwsplit-targets
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT throwsplit-targets NAMESPACE throwsplit:: DESTINATION "${throwsplit_config_dir}")

file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/throwsplit-config.cmake" @ONLY CONTENT [[
# find_package(throwsplit): throwsplit::runtime, ::chaos, ::sim, ::split_stack, and
# throwsplit_strip_notes.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/throwsplit-targets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/strip_notes.cmake")
]])
write_basic_package_version_file("${PROJECT_BINARY_DIR}/throwsplit-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/throwsplit-config.cmake"
              "${PROJECT_BINARY_DIR}/throwsplit-config-version.cmake"
              "${PROJECT_SOURCE_DIR}/ci/cmake/strip_notes.cmake"
        DESTINATION "${throwsplit_config_dir}")
install(PROGRAMS "${PROJECT_SOURCE_DIR}/ci/cmake/compile_stripped"
        DESTINATION "${throwsplit_config_dir}")

# throwsplit.pc, throwsplit-chaos.pc, throwsplit-sim.pc. From <prefix>/<libdir>/pkgconfig back to
# <prefix>: pkg-config says where the file stands.
file(RELATIVE_PATH throwsplit_up "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
string(REGEX REPLACE "/$" "" throwsplit_up "${throwsplit_up}")
function(throwsplit_pkg_config name library hooks flavour description)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY CONTENT [[
prefix=${pcfiledir}/@throwsplit_up@
libdir=${prefix}/@CMAKE_INSTALL_LIBDIR@
includedir=${prefix}/@CMAKE_INSTALL_INCLUDEDIR@
# For compiling what runs in goroutines; never for linking.
split_stack_cflags=-fsplit-stack

Name: @name@
Description: @description@
Version: @PROJECT_VERSION@
Cflags: -I${includedir}/throwsplit -DTHROWSPLIT_HOOKS=@hooks@ -DTHROWSPLIT_FLAVOUR=@flavour@
Libs: -L${libdir} -l@library@ -pthread -Wl,-z,now
]])
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc"
          DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()
throwsplit_pkg_config(throwsplit throwsplit_runtime 0 plain "${PROJECT_DESCRIPTION}")
throwsplit_pkg_config(throwsplit-chaos throwsplit_chaos 1 hooked
                      "The runtime with injection points, on Linux")
throwsplit_pkg_config(throwsplit-sim throwsplit_sim 1 hooked
                      "The runtime with injection points, on a simulated kernel")

foreach(tree runtime inject)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/${tree}" DESTINATION "${throwsplit_headers}"
          FILES_MATCHING PATTERN "*.h" PATTERN "*.def"
          PATTERN "test_*.h" EXCLUDE PATTERN crimes EXCLUDE PATTERN nosplit EXCLUDE)
endforeach()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# The command and the programs it runs, as far as they were built.
foreach(program throwsplit throwsplit-sim throwsplit-chaos throwsplit-nosplit)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" OPTIONAL)
  endif()
endforeach()
