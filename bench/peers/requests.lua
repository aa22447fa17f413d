-- wrk ... -s requests.lua URL -- WORKLOAD: real | vary | post | big
-- real: 13 fields of a browser, path and X-Request-Id differ; vary: cookie, authorization, referer and trace differ too

local count = 4096
local formatted = {}
local position = 0

local function common(headers)
  headers["Host"] = "shop.example.com"
  headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
  headers["Accept"] = "application/json, text/plain, */*"
  headers["Accept-Language"] = "en-GB,en-US;q=0.9,en;q=0.8,fr;q=0.7"
  headers["Accept-Encoding"] = "gzip, deflate, br, zstd"
  headers["Referer"] = "https://shop.example.com/orders/list?page=2"
  headers["Origin"] = "https://shop.example.com"
  headers["Cookie"] = "session=" .. string.rep("a1b2c3d4", 16) .. "; _ga=GA1.2.1234567890.1712345678; theme=dark; csrftoken=Zx9yQw8"
  headers["Authorization"] = "Bearer eyJhbGciOiJIUzI1NiJ9." .. string.rep("QmFzZTY0", 14) .. ".c2lnbmF0dXJl"
  headers["Sec-Fetch-Mode"] = "cors"
  headers["Connection"] = "keep-alive"
end

local function differing(headers, k)
  headers["Cookie"] = "session=" .. string.rep(string.format("%08x", k * 7919), 16) .. "; _ga=GA1.2." .. k .. ".1712345678; theme=dark; csrftoken=Zx9yQw8"
  headers["Authorization"] = "Bearer eyJhbGciOiJIUzI1NiJ9." .. string.rep(string.format("%08x", k * 104729), 14) .. ".c2lnbmF0dXJl"
  headers["Referer"] = "https://shop.example.com/orders/list?page=" .. k
  headers["Traceparent"] = string.format("00-%016x%016x-%016x-01", k, k * 31, k * 17)
end

function init(args)
  local workload = args[1]
  math.randomseed(42)
  if workload == "big" then
    count = 1
    formatted[1] = wrk.format("GET", "/big")
    return
  end
  local method, body = "GET", nil
  common(wrk.headers)
  if workload == "post" then
    method, body, count = "POST", string.rep("x", 1024), 1024
    wrk.headers["Content-Type"] = "application/json"
  end
  for k = 1, count do
    if workload == "vary" then differing(wrk.headers, k) end
    wrk.headers["X-Request-Id"] = string.format("%08x-%08x", math.random(0, 0x7fffffff), k)
    formatted[k] = wrk.format(method, "/api/orders/" .. (100000 + k), nil, body)
  end
end

function request()
  position = position % count + 1
  return formatted[position]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests": %d, "microseconds": %d, "bytes": %d, "p50": %d, "p99": %d, "errors": %d, "statuses": %d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
