# What telegram and matrix understand and say, as functions for jq. All text of others goes through
# here: only words of known forms leave it for the shell.

# The text of a message as "VERB SERVER TIME", "-" for what was not said; nothing if it is not for
# us. prefix and me (what may follow the verb) are regular expressions.
def command($prefix; $me):
  ("\\A" + $prefix + "(?<verb>(?i:up|down!?|status|players|extend|help|start))" + $me) as $begin
  | if length > 4096 or (test($begin + "(\\s|\\z)") | not) then empty
    else (capture($begin + "(?:[ ]+(?<server>(?i:[a-z][a-z0-9-]{1,27})))?"
          + "(?:[ ]+[+]?(?<time>[1-9][0-9]{0,2}(?i:[mhd])))?\\s*\\z") // {verb: "help"})
      | (.verb | ascii_downcase) as $verb
      | if ($verb | . == "help" or . == "start")
          or (.server == null and $verb != "status") or (.time != null and $verb != "extend")
        then "help - -"
        else "\($verb) \(.server // "-") \(.time // "1h")" | ascii_downcase end # a phone likes capitals
    end;

def lines: split("\n") | map(select(. != ""));

# A tool's stderr holds progress lines of JSON, the last perhaps half written, and plain words:
# "gsp-up: why".
def progress: lines | map(fromjson? | objects);
def plain: lines | map(select(startswith("{") | not) | sub("^gsp-[a-z]+: "; ""));

# How far a job is: a line for each step.
def steps($head):
  reduce (progress[] | select(.step and .step != "all")) as $l ({};
      .[$l.step] = {from: (.[$l.step].from // $l.t), last: $l})
  | [to_entries[] | .key as $step | .value.from as $from | .value.last
      | ({done: "✓", fail: "✗"}[.state] // "…") + " \($step): \(.message)"
        + if .state == "done" then ", \((.t - $from) / 1000 | floor) s"
          elif .pct then ", \(.pct)%" else "" end]
  | [$head] + . | join("\n") | .[0:2000];

def span: (. / 60 | floor) as $m | "\($m / 60 | floor) h \($m % 60) min";

# What came of a job: $out and $err are its stdout and stderr.
def ending($verb; $server; $prefix; $status; $out; $err):
  ($out | progress) as $rows | ($rows[-1] // {}) as $row | ($err | progress) as $log
  | if $status == "lost" then
      "nobody knows how that ended; \"\($prefix)status \($server)\" tells what there is"
    elif $status != "0" and ($verb != "status" or $rows == []) then
      ([$log[] | select(.step == "all" and .state == "fail") | .message] | last)
          // ($err | plain | last) // "it ended with status \($status)"
      | . + if contains("--even-if-playing") then "\nhere: \"\($prefix)down! \($server)\"" else "" end
    elif $verb == "status" then
      [$rows[] | .sentence // "\(.kind) \(.server // ""): \(.stage)"] | join("\n")
    elif $verb == "players" then
      "\($server): \($row.players)" + (if $row.max then " of \($row.max)" else "" end) + " play"
      + if $row.names != [] then " (\($row.names | join(", ")))" else "" end
    elif $verb == "extend" then
      ["\($server) may run until \($row.until // "somebody ends it")"
        + if $row.left_s then ", \($row.left_s | span) from now" else "" end] + ($err | plain) | join("\n")
    elif $verb == "up" then
      "\($server) is up: \($row.address), $\($row.hourly_usd) an hour"
      + (if $row.lease then ", until \($row.lease)" else "" end) + "; \"\($prefix)down \($server)\" ends it"
    else
      "\($server) is down" + ([$log[] | select(.step == "teardown" and .state == "done")
        | ": " + .message] | last // "")
    end
  | .[0:2000];
