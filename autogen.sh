#!/bin/sh
# Makes ./configure from a git checkout. Needs autoconf, automake and pkg-config.
# SPDX-License-Identifier: Apache-2.0
cd "$(dirname "$0")" && exec autoreconf --install --warnings=all
