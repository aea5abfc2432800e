-- Puts back what was taken. KEYS: the counters. ARGV: the time in milliseconds, or 0 for the server's; then for each counter
-- algorithm, permits, period in milliseconds, cost, and the time at which it was taken.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
for i, key in ipairs(KEYS) do
  local at = 2 + (i - 1) * 5
  local algorithm, permits = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local period = math.max(tonumber(ARGV[at + 2]), 1)
  local cost, taken = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local text = redis.call('GET', key)
  -- A penalty is not refunded.
  if text and #text == 24 and algorithm ~= 4 then
    local mark, current, previous = struct.unpack('<ddd', text)
    local expires
    if algorithm == 1 then
      mark = math.max(mark - math.max(math.floor(period * 1000 / math.max(permits, 1)), 1) * cost, 0)
      expires = math.ceil(mark / 1000)
    else
      local start = now - now % period
      if start > mark then
        previous = (start == mark + period) and current or 0
        current, mark = 0, start
      end
      local window = taken - taken % period
      if window == mark then
        current = math.max(current - cost, 0)
      elseif window + period == mark then
        previous = math.max(previous - cost, 0)
      end
      expires = mark + period * (algorithm == 2 and 2 or 1)
    end
    redis.call('SET', key, struct.pack('<ddd', mark, current, previous), 'PX', math.max(expires - now, 1))
  end
end
return 1
