-- Takes from counters, for several requests at once, with the same arithmetic as `Cell`. A request takes in order, and stops at the
-- first counter that does not have enough. KEYS: the counters of all requests, in order. ARGV[1]: numbers, eight bytes each: for each
-- request the time in milliseconds, or 0 for the server's, and how many counters it has; for each of these algorithm (1 GCRA,
-- 2 sliding window, 3 fixed window, 4 penalty), permits, period in milliseconds, burst, cost, 1 to keep what was taken when a later
-- one refuses. Answers numbers, too: for each request how many outcomes it has, and for each of these granted, remaining, reset,
-- retry after, and the time.
local LONGEST_PENALTY = 24 * 60 * 60 * 1000
local call, pack, unpack_numbers = redis.call, struct.pack, struct.unpack
local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min

local clock = call('TIME')
clock = tonumber(clock[1]) * 1000 + floor(tonumber(clock[2]) / 1000)

local function load(key)
  local text = call('GET', key)
  if text and #text == 24 then
    local mark, current, previous = unpack_numbers('<ddd', text)
    return mark, current, previous
  end
  return 0, 0, 0
end

local function save(key, mark, current, previous, algorithm, period, now)
  local expires
  if algorithm == 1 then
    expires = ceil(mark / 1000)
  elseif algorithm == 4 then
    expires = mark + LONGEST_PENALTY
  else
    expires = mark + period * (algorithm == 2 and 2 or 1)
  end
  call('SET', key, pack('<ddd', mark, current, previous), 'PX', max(expires - now, 1))
end

-- What a request has taken, to be given back.
local keys, algorithms, periods, costs, intervals = {}, {}, {}, {}, {}
local answer, asked = {}, ARGV[1]
local at, nth = 1, 0
while at <= #asked do
  local now, count
  now, count, at = unpack_numbers('<dd', asked, at)
  if now == 0 then
    now = clock
  end
  local outcomes, taken = {}, 0
  for place = 1, count do
    local algorithm, permits, period, burst, cost, keep = unpack_numbers('<dddddd', asked, at + (place - 1) * 48)
    local key = KEYS[nth + place]
    period = max(period, 1)
    local mark, current, previous = load(key)
    local granted, remaining, reset, wait, interval
    local is_changed = false
    if algorithm == 1 then
      local micros = now * 1000
      interval = max(floor(period * 1000 / max(permits, 1)), 1)
      local tolerance = interval * burst
      local following = max(mark, micros) + interval * cost
      granted = following <= micros + tolerance
      if granted then
        mark = following
      end
      local owed = max(mark - micros, 0)
      remaining = floor(max(tolerance - owed, 0) / interval)
      reset = ceil(owed / 1000)
      wait = granted and 0 or ceil((following - micros - tolerance) / 1000)
      is_changed = granted
    elseif algorithm == 4 then
      keep = 1
      if cost > 0 and mark <= now then
        current = (now - mark >= LONGEST_PENALTY) and 1 or current + 1
        local doubled = period * 2 ^ min(current - 1, 64)
        mark = now + min(doubled, max(LONGEST_PENALTY, period))
        is_changed = true
      end
      reset = max(mark - now, 0)
      granted, wait, remaining = reset == 0, reset, reset == 0 and 1 or 0
    else
      local start = now - now % period
      if start > mark then
        previous = (start == mark + period) and current or 0
        current, mark = 0, start
      end
      local left = max(period - max(now - mark, 0), 0)
      local weighted = algorithm == 2 and ceil(previous * left / period) or 0
      local used = current + weighted
      granted = used + cost <= permits
      if granted then
        current = current + cost
      end
      remaining = max(permits - used - (granted and cost or 0), 0)
      if granted then
        wait = 0
      elseif algorithm == 2 and current + cost <= permits then
        local allowed = permits - current - cost
        wait = max(left - floor(allowed * period / max(previous, 1)), 1)
      elseif algorithm == 2 and cost <= permits then
        local still = floor((permits - cost) * period / max(current, 1))
        wait = max(left + max(period - still, 0), 1)
      else
        wait = left
      end
      reset = max(left, wait)
      is_changed = granted
    end
    if is_changed then
      save(key, mark, current, previous, algorithm, period, now)
    end
    outcomes[place] = pack('<ddddd', granted and 1 or 0, remaining, reset, wait, now)
    if not granted then
      for back = 1, taken do
        key = keys[back]
        mark, current, previous = load(key)
        if algorithms[back] == 1 then
          mark = max(mark - intervals[back] * costs[back], 0)
        else
          current = max(current - costs[back], 0)
        end
        save(key, mark, current, previous, algorithms[back], periods[back], now)
      end
      break
    end
    if keep == 0 then
      taken = taken + 1
      keys[taken], algorithms[taken], periods[taken], costs[taken], intervals[taken] = key, algorithm, period, cost, interval
    end
  end
  answer[#answer + 1] = pack('<d', #outcomes)
  answer[#answer + 1] = table.concat(outcomes)
  at = at + count * 48
  nth = nth + count
end
return table.concat(answer)
