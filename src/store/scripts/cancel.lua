#!lua flags=allow-oom
--[[
cancel: ends a promotion that nobody has taken yet, with its group: what is
waiting of it on the same lane.

ARGV  prefix, id, retention (s), block of audit entries

      {"cancelled"}, or {"no", state}: it is under way, or has ended
--]]

--@audit
local prefix, id = ARGV[1], ARGV[2]
local record = prefix .. 'promotion:' .. id
local fields = redis.call('HMGET', record, 'state', 'lane', 'group',
                          'review')

-- a request is decided, see "decide"

if fields[1] ~= 'QUEUED' or fields[4] then
    return {'no', fields[1] or ''}
end

local waiting = prefix .. 'lane:' .. fields[2] .. ':waiting'
local ids = {id}

if fields[3] and fields[3] ~= '' then
    for _, other in ipairs(redis.call('LRANGE', waiting, 0, -1)) do
        if other ~= id
           and redis.call('HGET', prefix .. 'promotion:' .. other, 'group')
               == fields[3]
        then
            ids[#ids + 1] = other
        end
    end
end

audited(prefix, ARGV[3], 4)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

for _, one in ipairs(ids) do
    record = prefix .. 'promotion:' .. one

    redis.call('LREM', waiting, 1, one)
    redis.call('HSET', record, 'state', 'CANCELLED', 'status', 409,
               'message', 'the promotion was cancelled', 'settled_at', now)

    local key = redis.call('HGET', record, 'idempotency')

    if key and key ~= '' then
        redis.call('DEL', prefix .. 'idempotency:' .. key)
    end
end

redis.call('PUBLISH', prefix .. 'settled',
           'settled ' .. table.concat(ids, ' '))

return {'cancelled'}
