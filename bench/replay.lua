-- Sends whole requests from a file, one after another, from the first on: wrk -s replay.lua URL -- FILE
--
-- In the file a zero byte ends each. When there are no more, it begins again. Prints one JSON object at the end.

local requests, sent = {}, 0

function init(args)
  local file = io.open(args[1], "rb")
  for one in file:read("*a"):gmatch("(%Z+)") do
    requests[#requests + 1] = one
  end
  file:close()
end

function request()
  sent = sent + 1
  return requests[(sent - 1) % #requests + 1]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%.6f,"p50_ms":%.4f,"p99_ms":%.4f,"errors":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
