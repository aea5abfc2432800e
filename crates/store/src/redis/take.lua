-- Takes from several counters in order, and stops at the first that does not have enough; the same arithmetic as `Cell`.
-- KEYS: the counters. ARGV: the time in milliseconds, or 0 for the server's; then for each counter
-- algorithm (1 GCRA, 2 sliding window, 3 fixed window, 4 penalty), permits, period in milliseconds, burst, cost, 1 to keep what was taken
-- when a later one refuses. Answers, for each counter up to that one: granted, remaining, reset, retry after, and the time.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local LONGEST_PENALTY = 24 * 60 * 60 * 1000

local function load(key)
  local mark, current, previous = string.match(redis.call('GET', key) or '0 0 0', '^(%d+) (%d+) (%d+)$')
  return { mark = tonumber(mark or 0), current = tonumber(current or 0), previous = tonumber(previous or 0) }
end

local function save(key, cell, expires)
  local text = string.format('%.0f %.0f %.0f', cell.mark, cell.current, cell.previous)
  redis.call('SET', key, text, 'PX', string.format('%.0f', math.max(expires - now, 1)))
end

local function turn(cell, period)
  local start = now - now % period
  if start > cell.mark then
    cell.previous = (start == cell.mark + period) and cell.current or 0
    cell.current = 0
    cell.mark = start
  end
end

local function expires(cell, take)
  if take.algorithm == 1 then
    return math.ceil(cell.mark / 1000)
  end
  if take.algorithm == 4 then
    return cell.mark + LONGEST_PENALTY
  end
  return cell.mark + take.period * (take.algorithm == 2 and 2 or 1)
end

local answer, taken = {}, {}
for i, key in ipairs(KEYS) do
  local at = 2 + (i - 1) * 6
  local take = {
    key = key,
    algorithm = tonumber(ARGV[at]),
    permits = tonumber(ARGV[at + 1]),
    period = math.max(tonumber(ARGV[at + 2]), 1),
    burst = tonumber(ARGV[at + 3]),
    cost = tonumber(ARGV[at + 4]),
    keep = ARGV[at + 5] == '1',
  }
  local cell = load(key)
  local granted, remaining, reset, wait
  local changed = false
  if take.algorithm == 1 then
    local micros = now * 1000
    local interval = math.max(math.floor(take.period * 1000 / math.max(take.permits, 1)), 1)
    take.interval = interval
    local tolerance = interval * take.burst
    local following = math.max(cell.mark, micros) + interval * take.cost
    granted = following <= micros + tolerance
    if granted then
      cell.mark = following
    end
    local owed = math.max(cell.mark - micros, 0)
    remaining = math.floor(math.max(tolerance - owed, 0) / interval)
    reset = math.ceil(owed / 1000)
    wait = granted and 0 or math.ceil((following - micros - tolerance) / 1000)
    changed = granted
  elseif take.algorithm == 4 then
    take.keep = true
    if take.cost > 0 and cell.mark <= now then
      cell.current = (now - cell.mark >= LONGEST_PENALTY) and 1 or cell.current + 1
      local doubled = take.period * 2 ^ math.min(cell.current - 1, 64)
      cell.mark = now + math.min(doubled, math.max(LONGEST_PENALTY, take.period))
      changed = true
    end
    reset = math.max(cell.mark - now, 0)
    granted, wait, remaining = reset == 0, reset, reset == 0 and 1 or 0
  else
    turn(cell, take.period)
    local left = math.max(take.period - math.max(now - cell.mark, 0), 0)
    local weighted = take.algorithm == 2 and math.ceil(cell.previous * left / take.period) or 0
    local used = cell.current + weighted
    granted = used + take.cost <= take.permits
    if granted then
      cell.current = cell.current + take.cost
    end
    remaining = math.max(take.permits - used - (granted and take.cost or 0), 0)
    reset = left
    if granted then
      wait = 0
    elseif take.algorithm == 2 and cell.current + take.cost <= take.permits then
      local allowed = take.permits - cell.current - take.cost
      wait = math.max(left - math.floor(allowed * take.period / math.max(cell.previous, 1)), 1)
    elseif take.algorithm == 2 and take.cost <= take.permits then
      local allowed = take.permits - take.cost
      local still = math.floor(allowed * take.period / math.max(cell.current, 1))
      wait = math.max(left + math.max(take.period - still, 0), 1)
    else
      wait = left
    end
    reset = math.max(left, wait)
    changed = granted
  end
  if changed then
    save(key, cell, expires(cell, take))
  end
  for _, value in ipairs({ granted and 1 or 0, remaining, reset, wait, now }) do
    answer[#answer + 1] = value
  end
  if not granted then
    for _, before in ipairs(taken) do
      if not before.keep then
        local back = load(before.key)
        if before.algorithm == 1 then
          back.mark = math.max(back.mark - before.interval * before.cost, 0)
        else
          back.current = math.max(back.current - before.cost, 0)
        end
        save(before.key, back, expires(back, before))
      end
    end
    break
  end
  taken[#taken + 1] = take
end
return answer
