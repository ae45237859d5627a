#!/bin/sh
# See kill_parts.sh.
SHARD=3/3
. test/faults/kill_parts.sh
