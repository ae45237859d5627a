#!/bin/sh
# As net_cut.t, but nothing mends the link until the tool has given up: it says so, with what
# goes on and what it costs, and the same command ends right when there is a link again.
. test/faults/net_cut.t
