-- What wrk sends in the server benchmark: wrk -s load.lua URL -- KIND TOKEN USERS ITEMS
--
-- KIND is "ask" (recommendations for random users), "event" (one event a request) or "batch" (500 a request). USERS and
-- ITEMS are files with a name on each line. Prints one JSON object at the end.

local kind, users, items, headers
local batch_size = 500

local function lines_of(path)
  local lines = {}
  for line in io.lines(path) do
    lines[#lines + 1] = line
  end
  return lines
end

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  kind = args[1]
  headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. args[2] }
  users, items = lines_of(args[3]), lines_of(args[4])
  -- The microseconds of the clock: another run sends other events.
  run = string.format("%d-%d-%s", os.time(), number, tostring({}):sub(8))
  math.randomseed(os.time() + number)
  sent = 0
end

local function event()
  sent = sent + 1
  return string.format('{"user_id":"%s","item_id":"%s","event_type":"view","event_id":"%s-%d"}',
    users[math.random(#users)], items[math.random(#items)], run, sent)
end

function request()
  local body
  if kind == "ask" then
    body = string.format('{"user":"%s","count":10}', users[math.random(#users)])
  elseif kind == "event" then
    body = event()
  else
    local events = {}
    for i = 1, batch_size do
      events[i] = event()
    end
    body = '{"events":[' .. table.concat(events, ",") .. ']}'
  end
  return wrk.format("POST", nil, headers, body)
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%.6f,"p50_ms":%.4f,"p99_ms":%.4f,"errors":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
