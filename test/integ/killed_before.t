#!/bin/sh
# Steps of `up` at which a kill once left something behind, each followed by a `down`.
KILL_STEP='ssh install begun|ssh install: bytes|rename state/toy/id_|(open|half of) state/ledger'
. test/faults/kill_give_up.t
