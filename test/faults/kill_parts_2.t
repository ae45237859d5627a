#!/bin/sh
# See kill_parts.sh.
SHARD=2/3
. test/faults/kill_parts.sh
