#!/bin/sh
# See kill_edit.sh.
SHARD=1/2
. test/faults/kill_edit.sh
