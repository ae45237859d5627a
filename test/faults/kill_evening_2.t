#!/bin/sh
# See kill_evening.sh.
SHARD=2/2
. test/faults/kill_evening.sh
