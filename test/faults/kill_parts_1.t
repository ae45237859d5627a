#!/bin/sh
# See kill_parts.sh.
SHARD=1/3
. test/faults/kill_parts.sh
