#!/bin/sh
# A sample of the crash campaign (make check-faults has all of it): the parts of an evening, each
# killed at some of its steps.
SHARD=1/25
. test/faults/kill_parts.sh
