#!/bin/sh
# See kill_evening.sh.
SHARD=1/2
. test/faults/kill_evening.sh
