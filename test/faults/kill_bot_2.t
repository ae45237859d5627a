#!/bin/sh
# See kill_bot.sh.
SHARD=2/2
. test/faults/kill_bot.sh
in_sandbox "$@"
bot_campaign
