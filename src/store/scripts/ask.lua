#!lua
--[[
ask: a request that has been looked at is put before whoever decides.

ARGV  prefix, id, time to decide (ms), retention (s),
      number of fields, field, value, …, block of audit entries

      {"asked", {field, value, …} of the record}; also where it was before
      {"no", state}
--]]

--@audit
local prefix, id = ARGV[1], ARGV[2]
local record = prefix .. 'promotion:' .. id
local old = redis.call('HMGET', record, 'state', 'target_environment',
                       'created_at')

if old[1] == 'TO_BE_VALIDATED' then
    return {'asked', redis.call('HGETALL', record)}
end

if old[1] ~= 'CREATED' then
    return {'no', old[1] or ''}
end

audited(prefix, ARGV[4], 6 + tonumber(ARGV[5]))

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

redis.call('HSET', record, 'state', 'TO_BE_VALIDATED', 'asked', 1,
           'updated_at', now, unpack(ARGV, 6, 5 + tonumber(ARGV[5])))

-- it stays until its time to decide is over, however late it was looked at

redis.call('EXPIRE', record, math.ceil(ARGV[3] / 1000) + 86400, 'GT')
redis.call('ZREM', prefix .. 'reviews:created', id)
redis.call('ZADD', prefix .. 'tasks:' .. old[2], old[3], id)
redis.call('ZADD', prefix .. 'reviews:expire', now + ARGV[3], id)

return {'asked', redis.call('HGETALL', record)}
