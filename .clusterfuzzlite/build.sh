#!/bin/bash -eu
# Builds as OSS-Fuzz does: there is one build script.
# SPDX-License-Identifier: Apache-2.0
exec bash -eu "$SRC/throwsplit/ci/oss-fuzz/build.sh"
