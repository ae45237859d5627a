#!/bin/sh
# See kill_edit.sh.
SHARD=2/2
. test/faults/kill_edit.sh
