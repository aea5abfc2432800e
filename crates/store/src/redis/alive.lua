-- Notes that a gateway is there, and answers how many are. KEYS: the set of gateways. ARGV: the id of this one.
local time = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], time, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', time - 10)
redis.call('EXPIRE', KEYS[1], 60)
return redis.call('ZCARD', KEYS[1])
